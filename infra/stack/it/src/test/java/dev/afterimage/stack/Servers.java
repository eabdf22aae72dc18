package dev.afterimage.stack;

import dev.afterimage.testing.Database;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.util.concurrent.CompletableFuture;

/**
 * PostgreSQL, Kafka and Connect for all tests that do not kill them. The first test that uses them starts them; they
 * stop with the JVM. Each test class has its own connectors, slots, topics and tables.
 */
record Servers(StackConfig config, Postgres postgres, KafkaBroker kafka, ConnectWorker connect) {

    private static final Path MIGRATIONS = Path.of("../../../order-service/src/main/resources/db/migration");

    static Servers shared() {
        return Shared.SERVERS;
    }

    private static final class Shared {
        static final Servers SERVERS = start(emptied("servers"));
    }

    private static Servers start(Path home) {
        StackConfig config = StackConfig.onFreePorts(home);
        var postgres = CompletableFuture.supplyAsync(() -> Postgres.start(config));
        var kafka = KafkaBroker.start(config);
        return new Servers(config, postgres.join(), kafka, ConnectWorker.start(config));
    }

    /**
     * An empty folder for servers below {@code target}. Their logs stay there after the test, to find the cause of a
     * failure.
     */
    static Path emptied(String name) {
        try {
            Path home = Path.of("target/it", name).toAbsolutePath();
            Folders.delete(home);
            return Files.createDirectories(home);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    Database database(String name) {
        return Database.of(postgres.jdbcUrl(name));
    }

    /** Connects as one of the roles; the password is the name of the role. */
    Connection connect(String database, String role) throws SQLException {
        return DriverManager.getConnection(postgres.jdbcUrl(database), role, role);
    }

    /** Creates the order-service's tables in the database, as their owner. */
    void migrate(String database) {
        database(database).as("orders_owner").migrate(MIGRATIONS);
    }
}
