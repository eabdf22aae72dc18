package dev.afterimage.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.afterimage.stack.Folders;
import dev.afterimage.stack.KafkaBroker;
import dev.afterimage.stack.Postgres;
import dev.afterimage.stack.StackConfig;
import dev.afterimage.testing.TestSize;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.UUID;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.ConsumerGroupDescription;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.GroupState;
import org.apache.kafka.common.serialization.StringSerializer;
import org.junit.jupiter.api.Test;

/**
 * Two projection-services share a backlog, then a rebuild, while they are killed by {@code kill -9} at random moments. In
 * between PostgreSQL is killed, before the last commits are on disk. At the end one is stopped, and leaves the group.
 */
class CrashIT {

    private static final Path ROOT =
            Path.of(System.getProperty("afterimage.services", "../..")).toAbsolutePath();
    private static final Path JAR = ROOT.resolve("projection-service/target/quarkus-app/quarkus-run.jar");
    private static final Path HOME = ROOT.resolve("infra/bench/target/crash");
    private static final int EVENTS = TestSize.of(20_000, 100_000);
    private static final int TOMBSTONES = 100;
    private static final int KILLS = TestSize.of(3, 6);
    private static final Duration LIMIT = Duration.ofMinutes(4);

    private static final String APPLIED = "select coalesce(sum(next_offset), 0) from cdc_raw.positions";
    private static final String REBUILT = "select coalesce(sum(events), 0) from cdc_raw.rebuild_positions";
    private static final String STATUS = "select status from cdc_raw.rebuilds";

    @Test
    void isExactThoughInstancesAreKilled() throws Exception {
        long seed = System.nanoTime();
        var random = new Random(seed);
        List<Integer> ports = StackConfig.freePorts(6);
        Folders.delete(HOME);
        var stack =
                new StackConfig(HOME, ports.get(0), ports.get(1), ports.get(2), ports.get(3), StackConfig.NO_REGISTRY);
        try (Postgres postgres = Postgres.start(stack);
                KafkaBroker kafka = KafkaBroker.start(stack);
                QuarkusJar one = service("projection-1", stack, postgres, kafka, ports.get(4));
                QuarkusJar two = service("projection-2", stack, postgres, kafka, ports.get(5))) {
            // so that the last commits stay in memory
            change(postgres, "alter system set wal_writer_delay = '10s'");
            change(postgres, "alter system set wal_writer_flush_after = '1GB'");
            change(postgres, "select pg_reload_conf()");
            one.startForThisRun();
            two.startForThisRun();
            Backlog.End end = new Backlog(seed, EVENTS).publish(kafka);

            long[] kills =
                    random.longs(KILLS, 1, end.records() * 9 / 10).sorted().toArray();
            for (long kill : kills) {
                awaitFigure(postgres, APPLIED, kill);
                QuarkusJar victim = random.nextBoolean() ? one : two;
                victim.kill();
                victim.start();
            }
            awaitFigure(postgres, APPLIED, end.records());
            awaitBothFollow(kafka);
            publishTombstones(kafka);
            long records = end.records() + TOMBSTONES;
            awaitFigure(postgres, APPLIED, records);
            crash(postgres, one, two);
            assertThat(number(postgres, APPLIED))
                    .as("commits that were not on disk")
                    .isLessThan(records);
            signal("CONT", one, two);
            awaitFigure(postgres, APPLIED, records);
            assertThat(text(
                            postgres,
                            "select count(*) || ' ' || count(distinct (kafka_topic, kafka_partition, kafka_offset))"
                                    + " from cdc_raw.cdc_events"))
                    .as("each event once, seed %d", seed)
                    .isEqualTo(records + " " + records);
            assertExact(postgres, end, seed);

            // a row that the read model has lost: only a rebuild brings it back
            change(postgres, "delete from cdc_processed.order_items where line_no = 2");
            startRebuild(ports.get(4));
            awaitFigure(postgres, REBUILT, random.nextLong(1, end.records() / 3));
            one.kill();
            two.kill();
            assertThat(text(postgres, STATUS)).as("killed in the middle").isEqualTo("RUNNING");
            one.start();
            two.start();
            await().atMost(LIMIT).until(() -> "DONE".equals(text(postgres, STATUS)));
            assertThat(text(postgres, "select events from cdc_raw.rebuilds"))
                    .as("went on where it was, each event once, seed %d", seed)
                    .isEqualTo(String.valueOf(records));
            assertExact(postgres, end, seed);

            awaitBothFollow(kafka);
            one.close();
            assertThat(instances(kafka)).singleElement().asString().startsWith("projection-2-");
        }
    }

    private static void awaitFigure(Postgres postgres, String sql, long figure) {
        await().atMost(LIMIT).pollInterval(Duration.ofMillis(20)).until(() -> number(postgres, sql) >= figure);
    }

    private static List<String> instances(KafkaBroker kafka) throws Exception {
        try (Admin admin = kafka.admin()) {
            return group(admin).members().stream()
                    .flatMap(member -> member.groupInstanceId().stream())
                    .toList();
        }
    }

    private static ConsumerGroupDescription group(Admin admin) throws Exception {
        return Objects.requireNonNull(admin.describeConsumerGroups(List.of("projection"))
                        .describedGroups()
                        .get("projection"))
                .get();
    }

    private static void awaitBothFollow(KafkaBroker kafka) {
        try (Admin admin = kafka.admin()) {
            await().atMost(LIMIT).until(() -> {
                ConsumerGroupDescription group = group(admin);
                return group.groupState() == GroupState.STABLE
                        && group.members().size() == 2
                        && group.members().stream()
                                .noneMatch(member ->
                                        member.assignment().topicPartitions().isEmpty());
            });
        }
    }

    /** Publishes deletes of orders that never were; they change the event log and the positions only. */
    private static void publishTombstones(KafkaBroker kafka) {
        try (var producer = new KafkaProducer<>(
                Map.of("bootstrap.servers", kafka.bootstrapServers()),
                new StringSerializer(),
                new StringSerializer())) {
            for (int i = 0; i < TOMBSTONES; i++) {
                var _ = producer.send(
                        new ProducerRecord<>("order.events", UUID.randomUUID().toString(), null));
            }
        }
    }

    /** Kills PostgreSQL and starts it again. Meanwhile the services stand still, and stay so. */
    private static void crash(Postgres postgres, QuarkusJar... services) throws IOException, InterruptedException {
        signal("STOP", services);
        postgres.kill();
        postgres.start();
    }

    private static void signal(String signal, QuarkusJar... services) throws IOException, InterruptedException {
        for (QuarkusJar service : services) {
            assertThat(new ProcessBuilder("kill", "-" + signal, String.valueOf(service.pid()))
                            .start()
                            .waitFor())
                    .isZero();
        }
    }

    private static void startRebuild(int port) throws IOException, InterruptedException {
        var request = HttpRequest.newBuilder(URI.create("http://" + StackConfig.HOST + ":" + port + "/rebuilds"))
                .header("Content-Type", "application/json")
                .POST(HttpRequest.BodyPublishers.ofString("{\"source\": \"topics\"}"))
                .build();
        try (var http = HttpClient.newHttpClient()) {
            var answer = http.send(request, HttpResponse.BodyHandlers.ofString());
            assertThat(answer.statusCode()).as(answer.body()).isEqualTo(202);
        }
    }

    private static void assertExact(Postgres postgres, Backlog.End end, long seed) throws SQLException {
        assertThat(rows(postgres)).as("seed %d", seed).isEqualTo(end.live());
        assertThat(text(postgres, "select count(*) from cdc_processed.order_items"))
                .as("two items an order, seed %d", seed)
                .isEqualTo(String.valueOf(2 * end.rows()));
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

    private static void change(Postgres postgres, String sql) throws SQLException {
        try (Connection connection = postgres.connect("projection");
                Statement statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }

    private static long number(Postgres postgres, String sql) throws SQLException {
        return Long.parseLong(text(postgres, sql));
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
