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
 * Configures Quarkus' own dev services of PostgreSQL and Kafka, with lower priority than all settings of the user. With
 * processes they are switched off, because without Docker they would fail the build. With containers their PostgreSQL
 * gets logical decoding.
 */
public final class ContainerServices implements ConfigSourceFactory {

    private static final int BELOW_EVERYTHING = Integer.MIN_VALUE + 2000;

    @Override
    public Iterable<ConfigSource> getConfigSources(ConfigSourceContext context) {
        if (value(context, "enabled").equals("false")) {
            return List.of();
        }
        String mode = value(context, "mode");
        // an invalid mode is refused later, where the configuration is read
        Mode asked = Stream.of(Mode.values())
                .filter(each -> each.name().equalsIgnoreCase(mode))
                .findFirst()
                .orElse(Mode.AUTO);
        Map<String, String> settings = new HashMap<>(settings(Runner.of(asked, System.getProperty("os.name"))));
        // Quarkus would warn of settings of an extension that does not exist
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
                // Quarkus' PostgreSQL is switched off by a build item: a setting would also remove the default of the
                // db-kind
                Map.of(
                        "quarkus.kafka.devservices.enabled",
                        "false",
                        "quarkus.compose.devservices.enabled",
                        "false",
                        // Quarkus looks for Docker anyway; here a missing Docker is not an error
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
