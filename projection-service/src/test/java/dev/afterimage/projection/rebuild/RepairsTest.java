package dev.afterimage.projection.rebuild;

import static io.restassured.RestAssured.given;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.afterimage.projection.OrderEvents;
import dev.afterimage.projection.OrderTopic;
import dev.afterimage.testing.Database;
import dev.afterimage.testing.TestSize;
import io.quarkus.test.junit.QuarkusTest;
import io.restassured.http.ContentType;
import io.restassured.response.Response;
import jakarta.inject.Inject;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.eclipse.microprofile.config.inject.ConfigProperty;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Each repair of the runbooks and each job that deletes or swaps: all at the same time, each twice, beside new records. */
@QuarkusTest
class RepairsTest {

    private static final int RUNS = TestSize.of(10, 50);
    private static final int REBUILDS = TestSize.of(2, 50);
    private static final int MAX_LETTERS = TestSize.of(150, 1_000);
    private static final Duration LIMIT = Duration.ofSeconds(60);
    /** Older than the event log keeps its days. */
    private static final int OLD_DAYS = 200;

    private static final String DROP_OLD_DAYS = "select cdc_raw.drop_days_before(current_date - 90)";
    private static final String PROBLEM = "urn:problem-type:afterimage:";

    @Inject
    @ConfigProperty(name = "kafka.bootstrap.servers")
    String bootstrapServers;

    private final Database database = Database.ofService();
    private final List<OrderEvents> orders =
            Stream.generate(OrderEvents::new).limit(20).toList();
    private final String ours = "('"
            + String.join(
                    "', '", orders.stream().map(each -> each.id.toString()).toList()) + "')";
    private final AtomicBoolean enough = new AtomicBoolean();
    private final AtomicInteger sent = new AtomicInteger();
    private final AtomicInteger logged = new AtomicInteger();
    private final AtomicInteger malformed = new AtomicInteger();
    private final AtomicInteger discarded = new AtomicInteger();
    private final AtomicInteger replays = new AtomicInteger();
    private final AtomicInteger rebuilt = new AtomicInteger();
    private OrderTopic topic;

    /** A repair; it fails by anything but the documented refusals. */
    private interface Repair {
        void run() throws Exception;
    }

    @BeforeEach
    void open() {
        database.execute("delete from cdc_raw.dead_letters"); // of other tests
        topic = new OrderTopic(bootstrapServers);
        // the first calls of REST Assured initialize its classes; several threads at once would block each other
        given().post("/dead-letters/0/replay");
        given().delete("/gaps/0");
    }

    @AfterEach
    void close() {
        topic.close();
        database.execute("update cdc_raw.positions set logged_from = 0", "delete from cdc_raw.dead_letters");
    }

    @Test
    void noneFailsByAnotherAndNothingIsLost() throws Exception {
        try (ExecutorService threads = Executors.newCachedThreadPool()) {
            Future<?> feeder = threads.submit(this::feed);
            try {
                List<Future<?>> repairs = new ArrayList<>();
                repairs.addAll(twice(threads, RUNS, this::beginLogAnew));
                repairs.addAll(twice(threads, RUNS, this::dropOldDays));
                repairs.addAll(twice(threads, RUNS, this::replayAll));
                repairs.addAll(twice(threads, RUNS, this::replayOne));
                repairs.addAll(twice(threads, RUNS, this::discard));
                repairs.addAll(twice(threads, RUNS, this::acknowledgeTwice));
                repairs.addAll(twice(threads, REBUILDS, this::rebuild));
                for (Future<?> each : repairs) {
                    each.get();
                }
            } finally {
                enough.set(true);
            }
            feeder.get();
        }

        orders.forEach(order -> put(Instant.now(), order.id, order.snapshot(sent.incrementAndGet())));
        await().atMost(LIMIT).untilAsserted(() -> assertThat(database.rows("select id || ' ' || version"
                        + " from cdc_processed.orders where id in " + ours + " order by version"))
                .containsExactlyElementsOf(lastVersions()));
        assertThat(database.number("select count(*) from cdc_raw.cdc_events"
                        + " where kafka_timestamp > current_date - 2 and event_key ->> 'id' in " + ours))
                .as("events in the log")
                .isEqualTo(logged.get());
        assertThat(database.number(DROP_OLD_DAYS)).isNotNegative();
        assertThat(database.number("select count(*) from cdc_raw.cdc_events where kafka_timestamp < current_date - 90"))
                .isZero();
        assertThat(rebuilt.get()).as("rebuilds that were done").isPositive();
        await().atMost(LIMIT)
                .until(() -> database.number("select count(*) from pg_namespace"
                                + " where nspname in ('cdc_rebuild', 'cdc_replaced')")
                        == 0);
        assertThatEveryLetterIsAppliedOnce();
    }

    private void assertThatEveryLetterIsAppliedOnce() {
        String waiting = "select count(*) from cdc_raw.dead_letters";
        assertThat(database.number(waiting)).isEqualTo(malformed.get() - discarded.get());
        var template = new OrderEvents();
        database.execute(
                "update cdc_raw.dead_letters set value = convert_to(replace('%s', '%s', convert_from(key, 'UTF8')), 'UTF8')"
                        .formatted(template.placed(), template.id));
        var second = CompletableFuture.supplyAsync(() -> given().post("/dead-letters/replays"));
        int applied = Stream.of(given().post("/dead-letters/replays"), second.join())
                .mapToInt(each -> each.then().statusCode(200).extract().path("applied"))
                .sum();
        assertThat(applied).isEqualTo(malformed.get() - discarded.get());
        assertThat(database.number(waiting)).isZero();
    }

    /** Sends snapshots of the orders, some of them of old days, and records that become dead letters. */
    private Void feed() {
        while (!enough.get()) {
            for (OrderEvents order : orders) {
                int version = sent.incrementAndGet();
                // Kafka would delete a segment that begins with an old record
                boolean old = version > orders.size() && version % 3 == 0;
                put(
                        old ? Instant.now().minus(Duration.ofDays(OLD_DAYS + version % 7)) : Instant.now(),
                        order.id,
                        order.snapshot(version));
                if (version % 10 == 0 && malformed.get() < MAX_LETTERS) {
                    topic.put(UUID.randomUUID(), "{}");
                    malformed.incrementAndGet();
                }
            }
        }
        return null;
    }

    private void put(Instant timestamp, UUID key, String value) {
        topic.put(new ProducerRecord<>(
                OrderTopic.NAME,
                null,
                timestamp.toEpochMilli(),
                key.toString().getBytes(StandardCharsets.UTF_8),
                value.getBytes(StandardCharsets.UTF_8)));
        if (timestamp.isAfter(Instant.now().minus(Duration.ofDays(1)))) {
            logged.incrementAndGet();
        }
    }

    /** The last versions are numbered in the order of the list. */
    private List<String> lastVersions() {
        List<String> versions = new ArrayList<>();
        for (int i = 0; i < orders.size(); i++) {
            versions.add(orders.get(i).id + " " + (sent.get() - orders.size() + i + 1));
        }
        return versions;
    }

    private List<Future<?>> twice(ExecutorService threads, int runs, Repair repair) {
        return Stream.<Future<?>>generate(() -> threads.submit(() -> {
                    for (int run = 0; run < runs; run++) {
                        int before = sent.get();
                        await().pollInterval(Duration.ofMillis(2)).until(() -> sent.get() > before);
                        repair.run();
                    }
                    return null;
                }))
                .limit(2)
                .toList();
    }

    /** Several times, because it takes so short that it seldom meets the others. */
    private void beginLogAnew() throws SQLException {
        for (int time = 0; time < 20; time++) {
            run("select cdc_raw.begin_log_anew()", "Nothing was changed: try again.");
        }
    }

    private void dropOldDays() throws SQLException {
        run(DROP_OLD_DAYS, "canceling statement due to lock timeout"); // the service tries again ten minutes later
    }

    private void run(String sql, String refusal) throws SQLException {
        try (Connection connection = database.connect();
                Statement statement = connection.createStatement()) {
            statement.execute(sql);
        } catch (SQLException e) {
            if (!String.valueOf(e.getMessage()).contains(refusal)) {
                throw e;
            }
        }
    }

    /** Replays are refused while a rebuild runs, so this waits for its end. */
    private void replayAll() {
        await().atMost(LIMIT).until(() -> {
            Response answer = given().post("/dead-letters/replays?topic=" + OrderTopic.NAME);
            assertAnswer(answer, 200, "rebuild-running");
            return answer.statusCode() == 200;
        });
        replays.incrementAndGet();
    }

    private void replayOne() {
        oneLetter()
                .forEach(id -> assertAnswer(
                        given().post("/dead-letters/" + id + "/replay"),
                        200,
                        "still-refused",
                        "rebuild-running",
                        "unknown-id"));
    }

    private void discard() {
        for (String id : oneLetter()) {
            Response answer = given().delete("/dead-letters/" + id);
            assertAnswer(answer, 204, "unknown-id");
            discarded.addAndGet(answer.statusCode() == 204 ? 1 : 0);
        }
    }

    private List<String> oneLetter() {
        return database.rows("select id from cdc_raw.dead_letters order by id limit 1");
    }

    private void acknowledgeTwice() {
        long gap = database.number("insert into cdc_raw.gaps (topic, partition, from_offset, to_offset, cause)"
                + " values ('repairs.events', 0, 0, 1, 'RETENTION') returning id");
        var second = CompletableFuture.supplyAsync(() -> given().delete("/gaps/" + gap));
        assertThat(List.of(
                        given().delete("/gaps/" + gap).statusCode(),
                        second.join().statusCode()))
                .containsExactlyInAnyOrder(204, 404);
    }

    /** From the topics, or from the log, which other repairs cut off meanwhile. Afterwards lets some replays pass. */
    private void rebuild() {
        for (String source : List.of("topics", "log")) {
            Response answer = given().contentType(ContentType.JSON)
                    .body("{\"source\": \"%s\", \"incomplete\": true}".formatted(source))
                    .post("/rebuilds");
            assertAnswer(answer, 202, "rebuild-running");
            if (answer.statusCode() == 202) {
                String location = answer.header("Location");
                await(location).atMost(LIMIT).until(() -> !"RUNNING"
                        .equals(given().get(location).path("status")));
                var end = given().get(location);
                if ("DONE".equals(end.path("status"))) {
                    rebuilt.incrementAndGet();
                } else {
                    assertThat(end.<String>path("error")).contains("Start the rebuild again");
                }
            }
            int before = replays.get();
            await().atMost(LIMIT).until(() -> replays.get() > before || replays.get() == 2 * RUNS);
        }
    }

    private static void assertAnswer(Response answer, int expected, String... refusals) {
        if (answer.statusCode() != expected) {
            assertThat(answer.<String>path("type"))
                    .as(answer.asString())
                    .isIn(Stream.of(refusals).map(PROBLEM::concat).toList());
        }
    }
}
