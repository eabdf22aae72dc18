package dev.afterimage.projection;

import dev.afterimage.stack.Folders;
import dev.afterimage.stack.KafkaBroker;
import dev.afterimage.stack.Postgres;
import dev.afterimage.stack.StackConfig;
import io.quarkus.test.common.QuarkusTestResourceLifecycleManager;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** A real PostgreSQL and a real Kafka on free ports, for as long as the tests run. */
public class StackResource implements QuarkusTestResourceLifecycleManager {

    private @Nullable Postgres postgres;
    private @Nullable KafkaBroker kafka;

    @Override
    public Map<String, String> start() {
        var home = Path.of("target", "stack");
        try {
            // an earlier run's events are not ours to count
            Folders.delete(home);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        var config = StackConfig.onFreePorts(home);
        postgres = Postgres.start(config);
        kafka = KafkaBroker.start(config);
        return Map.of(
                "quarkus.datasource.jdbc.url", postgres.jdbcUrl("projection"),
                "quarkus.datasource.source.jdbc.url", postgres.jdbcUrl("orders"),
                "quarkus.datasource.replica.jdbc.url", postgres.jdbcUrl("replica"),
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
