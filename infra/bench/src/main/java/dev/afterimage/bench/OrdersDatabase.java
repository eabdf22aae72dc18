package dev.afterimage.bench;

import dev.afterimage.bench.CustomersAndProducts.Choice;
import dev.afterimage.stack.Postgres;
import dev.afterimage.stack.Server;
import dev.afterimage.stack.StackConfig;
import dev.afterimage.stack.StackException;
import dev.afterimage.testing.Database;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The PostgreSQL server that both sides use, with an empty database of orders. Also reads the service's connections and
 * statements.
 */
final class OrdersDatabase {

    private static final String NAME = "orders";
    private static final Duration RECORDING_LIMIT = Duration.ofSeconds(10);

    private final Postgres postgres;

    private OrdersDatabase(Postgres postgres) {
        this.postgres = postgres;
    }

    /** Starts the server and drops the orders of earlier runs. The server stops with this JVM at the latest. */
    static OrdersDatabase start(StackConfig config) {
        try (Postgres earlier = Postgres.start(config)) {
            Database.of(earlier.jdbcUrl("postgres")).execute("drop database " + NAME + " with (force)");
        }
        return new OrdersDatabase(Postgres.start(config));
    }

    String jdbcUrl() {
        return postgres.jdbcUrl(NAME);
    }

    /** A meter of the server and, if given, the service. */
    Cpu.Meter meter(@Nullable Server service) {
        return new Cpu.Meter(postgres, service);
    }

    /** The number of connections that the services have to the database now. */
    int connections() {
        return (int) Database.of(jdbcUrl()).number("""
                select count(*) from pg_stat_activity
                where datname = current_database() and usename = 'orders_app'
                """);
    }

    /**
     * Records the statements that the service sends for an order of this choice. No other client may use the database
     * meanwhile.
     */
    OrderTransaction record(HttpConnection service, Choice choice) throws IOException {
        Database server = Database.of(postgres.jdbcUrl("postgres"));
        server.execute(
                "alter system set log_line_prefix = '" + OrderTransaction.LOG_LINE_PREFIX + "'",
                "alter system set log_statement = 'all'",
                "select pg_reload_conf()");
        try {
            long logged = Files.size(postgres.log());
            Instant deadline = Instant.now().plus(RECORDING_LIMIT);
            // repeated, because a backend applies new settings with a delay
            while (Instant.now().isBefore(deadline)) {
                service.post("/orders", choice.order());
                try (InputStream log = Files.newInputStream(postgres.log())) {
                    log.skipNBytes(logged);
                    Optional<OrderTransaction> transaction =
                            OrderTransaction.lastIn(new String(log.readAllBytes(), StandardCharsets.UTF_8));
                    if (transaction.isPresent()) {
                        return transaction.get();
                    }
                }
            }
        } finally {
            server.execute("alter system reset all", "select pg_reload_conf()");
        }
        throw new StackException("PostgreSQL's log shows no order within " + RECORDING_LIMIT.toSeconds() + " s. "
                + postgres.lastWords());
    }
}
