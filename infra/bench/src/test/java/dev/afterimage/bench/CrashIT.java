package dev.afterimage.bench;

import static org.assertj.core.api.Assertions.assertThat;

import dev.afterimage.stack.KafkaBroker;
import dev.afterimage.stack.Postgres;
import dev.afterimage.stack.StackConfig;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.UUID;
import org.junit.jupiter.api.Test;

/** Two projection-services share 100,000 events while one after the other is killed, by {@code kill -9} at random moments. */
class CrashIT {

    private static final Path ROOT =
            Path.of(System.getProperty("afterimage.services", "../..")).toAbsolutePath();
    private static final Path JAR = ROOT.resolve("projection-service/target/quarkus-app/quarkus-run.jar");
    private static final int EVENTS = 100_000;
    private static final int KILLS = 6;
    private static final Duration LIMIT = Duration.ofMinutes(4);

    @Test
    void isExactThoughInstancesAreKilled() throws Exception {
        long seed = System.nanoTime();
        var random = new Random(seed);
        List<Integer> ports = StackConfig.freePorts(6);
        var stack = new StackConfig(
                ROOT.resolve(
                        "infra/bench/target/crash-" + ProcessHandle.current().pid()),
                ports.get(0),
                ports.get(1),
                ports.get(2),
                ports.get(3));
        try (Postgres postgres = Postgres.start(stack);
                KafkaBroker kafka = KafkaBroker.start(stack);
                QuarkusJar one = service("projection-1", stack, postgres, kafka, ports.get(4));
                QuarkusJar two = service("projection-2", stack, postgres, kafka, ports.get(5))) {
            one.startForThisRun();
            two.startForThisRun();
            Backlog.End end = new Backlog(seed, EVENTS).publish(kafka);

            List<QuarkusJar> both = new ArrayList<>(List.of(one, two));
            for (int kill = 0; kill < KILLS; kill++) {
                Thread.sleep(random.nextInt(200, 1500));
                QuarkusJar victim = both.get(random.nextInt(2));
                victim.kill();
                victim.start();
            }

            Instant deadline = Instant.now().plus(LIMIT);
            while (applied(postgres) < end.records() && Instant.now().isBefore(deadline)) {
                Thread.sleep(200);
            }
            assertThat(text(
                            postgres,
                            "select count(*) || ' ' || count(distinct (kafka_topic, kafka_partition, kafka_offset))"
                                    + " from cdc_raw.cdc_events"))
                    .as("each event once, seed %d", seed)
                    .isEqualTo(end.records() + " " + end.records());
            assertThat(rows(postgres)).as("seed %d", seed).isEqualTo(end.live());
            assertThat(text(postgres, "select count(*) from cdc_processed.order_items"))
                    .as("two items an order, seed %d", seed)
                    .isEqualTo(String.valueOf(2 * end.rows()));
        }
    }

    private static QuarkusJar service(
            String instance, StackConfig stack, Postgres postgres, KafkaBroker kafka, int port) {
        return new QuarkusJar(
                instance,
                stack,
                JAR,
                List.of(),
                port,
                Map.of(
                        "QUARKUS_DATASOURCE_JDBC_URL", postgres.jdbcUrl("projection"),
                        "KAFKA_BOOTSTRAP_SERVERS", kafka.bootstrapServers(),
                        "FEED_INSTANCE_ID", instance));
    }

    private static long applied(Postgres postgres) throws SQLException {
        return Long.parseLong(text(postgres, "select coalesce(sum(next_offset), 0) from cdc_raw.positions"));
    }

    /** Version of each order whose row is as the event of that version left it. */
    private static Map<UUID, Integer> rows(Postgres postgres) throws SQLException {
        try (Connection connection = postgres.connect("projection");
                Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery("""
                        select id, version from cdc_processed.orders
                        where customer_id = id and total = 89.70 and currency = 'EUR'
                          and status = case version when 1 then 'PENDING' else 'PAID' end
                        """)) {
            Map<UUID, Integer> rows = new HashMap<>();
            while (row.next()) {
                rows.put(row.getObject(1, UUID.class), row.getInt(2));
            }
            return rows;
        }
    }

    private static String text(Postgres postgres, String sql) throws SQLException {
        try (Connection connection = postgres.connect("projection");
                Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery(sql)) {
            row.next();
            return row.getString(1);
        }
    }
}
