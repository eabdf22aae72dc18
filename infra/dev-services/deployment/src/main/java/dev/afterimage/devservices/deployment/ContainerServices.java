package dev.afterimage.devservices.deployment;

import dev.afterimage.devservices.deployment.OutboxDevServicesConfig.Mode;
import io.smallrye.config.ConfigSourceContext;
import io.smallrye.config.ConfigSourceFactory;
import io.smallrye.config.ConfigValue;
import io.smallrye.config.PropertiesConfigSource;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.eclipse.microprofile.config.spi.ConfigSource;

/**
 * Tells Quarkus' own dev services of PostgreSQL and Kafka what to do beside ours, below everything a user says: nothing
 * where processes run, for without Docker they would end the build; logical decoding where containers do.
 */
public final class ContainerServices implements ConfigSourceFactory {

    private static final int BELOW_EVERYTHING = Integer.MIN_VALUE + 2000;

    @Override
    public Iterable<ConfigSource> getConfigSources(ConfigSourceContext context) {
        if (value(context, "enabled").equals("false")) {
            return List.of();
        }
        String mode = value(context, "mode");
        // a word that is none is refused where the configuration is read
        Mode asked = Stream.of(Mode.values())
                .filter(each -> each.name().equalsIgnoreCase(mode))
                .findFirst()
                .orElse(Mode.AUTO);
        Map<String, String> settings = new HashMap<>(settings(Runner.of(asked, System.getProperty("os.name"))));
        // of an extension that is not there Quarkus would warn
        settings.keySet().removeIf(key -> key.startsWith("quarkus.kafka.") && !kafkaExtension());
        return List.of(new PropertiesConfigSource(settings, "outbox dev services", BELOW_EVERYTHING));
    }

    private static boolean kafkaExtension() {
        return Thread.currentThread()
                        .getContextClassLoader()
                        .getResource("io/quarkus/kafka/client/deployment/KafkaProcessor.class")
                != null;
    }

    static Map<String, String> settings(Runner runner) {
        return switch (runner) {
            case PROCESSES ->
                // its PostgreSQL is told by a build item: this setting would also take the default of the db-kind away
                Map.of(
                        "quarkus.kafka.devservices.enabled",
                        "false",
                        "quarkus.compose.devservices.enabled",
                        "false",
                        // Quarkus looks for Docker all the same, and not finding it is no error here
                        "quarkus.log.category.\"org.testcontainers\".level",
                        "OFF");
            case CONTAINERS -> Map.of("quarkus.datasource.devservices.command", "postgres -c wal_level=logical");
        };
    }

    private static String value(ConfigSourceContext context, String key) {
        ConfigValue value = context.getValue("quarkus.outbox.devservices." + key);
        return value == null || value.getValue() == null ? "" : value.getValue();
    }
}
