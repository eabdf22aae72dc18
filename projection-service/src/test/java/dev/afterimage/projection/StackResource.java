package dev.afterimage.projection;

import dev.afterimage.stack.KafkaBroker;
import dev.afterimage.stack.Postgres;
import dev.afterimage.stack.StackConfig;
import io.quarkus.test.common.QuarkusTestResourceLifecycleManager;
import java.nio.file.Path;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** A real PostgreSQL and a real Kafka on free ports, for as long as the tests run. */
public class StackResource implements QuarkusTestResourceLifecycleManager {

    private @Nullable Postgres postgres;
    private @Nullable KafkaBroker kafka;

    @Override
    public Map<String, String> start() {
        var config = StackConfig.onFreePorts(Path.of("target", "stack"));
        postgres = Postgres.start(config);
        kafka = KafkaBroker.start(config);
        return Map.of(
                "quarkus.datasource.jdbc.url", postgres.jdbcUrl("projection"),
                "kafka.bootstrap.servers", kafka.bootstrapServers());
    }

    @Override
    public void stop() {
        if (kafka != null) {
            kafka.close();
        }
        if (postgres != null) {
            postgres.close();
        }
    }
}
