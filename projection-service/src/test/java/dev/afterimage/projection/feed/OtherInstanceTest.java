package dev.afterimage.projection.feed;

import static io.restassured.RestAssured.given;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.hamcrest.Matchers.equalTo;

import dev.afterimage.projection.EventStream;
import dev.afterimage.projection.OrderEvents;
import dev.afterimage.projection.OrderTopic;
import dev.afterimage.projection.change.TopicReader;
import dev.afterimage.projection.deadletter.DeadLetterTable;
import dev.afterimage.projection.deadletter.Fault;
import dev.afterimage.projection.deadletter.Refused;
import dev.afterimage.testing.Database;
import io.quarkus.test.junit.QuarkusTest;
import io.restassured.RestAssured;
import io.restassured.response.Response;
import jakarta.inject.Inject;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Collectors;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.apache.kafka.common.record.TimestampType;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/**
 * Another instance applies records of a partition that the tested instance does not have: the same transaction, of which
 * the tested instance hears only through the database.
 */
@QuarkusTest
class OtherInstanceTest {

    private static final Duration SOON = Duration.ofSeconds(20);
    private static final TopicPartition OTHERS = new TopicPartition(OrderTopic.NAME, 99);
    private static final String ITS = " where kafka_topic = 'order.events' and kafka_partition = 99";

    @Inject
    BatchApplier applier;

    @Inject
    TopicReader reader;

    @Inject
    Replays replays;

    private final Database database = Database.ofService();
    private final OrderEvents order = new OrderEvents();
    private final List<UUID> ids = new ArrayList<>(List.of(order.id));
    private long offset;

    @BeforeEach
    void begin() {
        database.execute("insert into cdc_raw.positions values ('order.events', 99, 0, 0)");
    }

    @AfterEach
    void removeItsPartition() {
        database.execute("delete from cdc_raw.positions where topic = 'order.events' and partition = 99");
        for (String table : List.of("cdc_events", "statistics", "dead_letters")) {
            database.execute("delete from cdc_raw." + table + ITS);
        }
        String its = " = any('{%s}')".formatted(ids.stream().map(UUID::toString).collect(Collectors.joining(",")));
        database.execute("delete from cdc_processed.order_items where order_id" + its);
        database.execute("delete from cdc_processed.orders where id" + its);
        database.execute("delete from cdc_processed.deletions where id" + its);
    }

    @Test
    void wakesARequestThatWaitsForItsVersion() throws Exception {
        List<Duration> late = new ArrayList<>();
        for (int i = 0; i < 7; i++) {
            var each = new OrderEvents();
            ids.add(each.id);
            var answer = waitFor(each, 1);
            apply(each.id, each.placed());
            Instant applied = Instant.now();
            answer.join().then().statusCode(200).header("ETag", "\"1-0\"");
            late.add(Duration.between(applied, Instant.now()));
        }
        late.sort(null);
        assertThat(late.get(3)).as("%s", late).isLessThan(Duration.ofMillis(250));
    }

    @Test
    void isSeenByAWaitingRequestEvenIfTheNotificationIsLost() throws Exception {
        apply(order.id, order.placed());
        var answer = waitFor(order, 2);
        database.execute("update cdc_processed.orders set version = 2 where id = '" + order.id + "'");
        Instant changed = Instant.now();
        answer.join().then().statusCode(200).header("ETag", "\"2-0\"");
        assertThat(Duration.between(changed, Instant.now())).isLessThan(Duration.ofSeconds(5));
    }

    @Test
    void wakesEachWaitingRequestThoughItChangesMoreThanANotificationCanName() throws Exception {
        var answer = waitFor(order, 1);
        List<ReceivedRecord> many = new ArrayList<>();
        for (int i = 0; i < 300; i++) {
            var each = new OrderEvents();
            ids.add(each.id);
            many.add(record(each.id, each.placed()));
        }
        many.add(record(order.id, order.placed()));
        apply(many);
        answer.join().then().statusCode(200);
    }

    /** A look at the log for each notification would take all worker threads, and then the feed and the health stop. */
    @Test
    void oneThreadWaitsForALockThatTheStreamNeeds() throws Exception {
        try (var stream = new EventStream(service());
                var holder = database.connect()) {
            apply(order.id, order.placed());
            await().atMost(SOON).until(() -> shown(stream).size() == 1);
            holder.setAutoCommit(false);
            holder.createStatement().execute("lock table cdc_raw.dead_letters in access exclusive mode");
            apply(order.id, order.changed(2));
            await().atMost(SOON).until(() -> looks() == 1);
            for (int version = 3; version < 12; version++) {
                apply(order.id, order.changed(version));
                Thread.sleep(150); // longer than the stream's pause between two looks
            }
            assertThat(looks()).isLessThanOrEqualTo(1);
            holder.rollback();
            await().atMost(SOON).until(() -> shown(stream).size() == 11);
        }
    }

    /** The number of threads that read the event log for the stream. */
    private static long looks() {
        return Thread.getAllStackTraces().values().stream()
                .filter(stack -> Stream.of(stack)
                        .anyMatch(frame -> frame.getClassName().endsWith("status.LiveEvents")
                                && frame.getMethodName().equals("look")))
                .count();
    }

    @Test
    void showsItsEventsInTheStream() throws Exception {
        try (var stream = new EventStream(service())) {
            apply(order.id, order.placed());
            apply(order.id, order.changed(2));
            apply(order.id, order.placed());
            apply(order.id, "no json");
            apply(List.of(record(order.id, order.deleted(3)), record(order.id, null)));
            await().atMost(SOON).untilAsserted(() -> assertThat(shown(stream))
                    .containsExactly(
                            "0 c applied",
                            "1 u applied",
                            "2 c ignored",
                            "3 null dead-letter",
                            "4 d applied",
                            "5 null ignored"));
            var refused = stream.of(order.id.toString()).get(3);
            assertThat(refused.get("reason").asText()).startsWith("the value is not JSON");
            assertThat(refused.get("eventType").asText()).isEqualTo("OrderEvent");
        }
    }

    @Test
    void showsEachEventAtOnce() throws Exception {
        List<Duration> late = new ArrayList<>();
        try (var stream = new EventStream(service())) {
            for (int version = 1; version <= 7; version++) {
                int expected = version;
                apply(order.id, version == 1 ? order.placed() : order.changed(version));
                Instant applied = Instant.now();
                await().atMost(SOON)
                        .pollInterval(Duration.ofMillis(10))
                        .until(() -> shown(stream).size() == expected);
                late.add(Duration.between(applied, Instant.now()));
            }
        }
        late.sort(null);
        assertThat(late.get(3)).as("%s", late).isLessThan(Duration.ofMillis(500));
    }

    @Test
    void showsALetterThatItReplays() throws Exception {
        var letter = record(order.id, order.placed()).record();
        try (var stream = new EventStream(service())) {
            apply(List.of(
                    new ReceivedRecord.Malformed(new Refused(letter, new Fault("a defect", "0"))),
                    record(order.id, order.changed(2))));
            await().atMost(SOON).untilAsserted(() -> assertThat(shown(stream))
                    .containsExactly("0 null dead-letter", "1 u applied"));
            assertThat(replays.all(new DeadLetterTable.Filter(OrderTopic.NAME, "0"))
                            .ignored())
                    .isEqualTo(1);
            await().atMost(SOON).untilAsserted(() -> assertThat(shown(stream))
                    .containsExactly("0 null dead-letter", "1 u applied", "0 c ignored"));
        }
    }

    @Test
    void goesOnAfterAnyEvent() throws Exception {
        List<String> all = new ArrayList<>();
        List<String> positions = new ArrayList<>();
        try (var stream = new EventStream(service())) {
            for (int version = 1; version <= 5; version++) {
                apply(List.of(
                        record(order.id, version == 1 ? order.placed() : order.changed(version)),
                        record(order.id, order.placed())));
            }
            await().atMost(SOON).until(() -> shown(stream).size() == 10);
            all.addAll(shown(stream));
            stream.messages().stream()
                    .filter(message -> message.data().path("partition").asInt() == 99)
                    .forEach(message -> positions.add(message.id()));
        }
        assertThat(positions).hasSize(10).doesNotHaveDuplicates();
        for (int i = 0; i < positions.size(); i += 3) {
            try (var stream = EventStream.after(positions.get(i), service())) {
                List<String> rest = all.subList(i + 1, all.size());
                await().atMost(SOON)
                        .untilAsserted(() -> assertThat(shown(stream)).isEqualTo(rest));
            }
        }
        try (var stream = EventStream.after(positions.get(4), service())) {
            apply(order.id, order.changed(6));
            await().atMost(SOON).untilAsserted(() -> assertThat(shown(stream))
                    .hasSize(6)
                    .startsWith("5 c ignored")
                    .endsWith("10 u applied"));
        }
    }

    @Test
    void losesNothingBetweenManyReconnects() throws Exception {
        List<String> seen = new ArrayList<>();
        String last;
        try (var stream = new EventStream(service())) {
            apply(order.id, order.placed());
            await().atMost(SOON).until(() -> !shown(stream).isEmpty());
            seen.addAll(shown(stream));
            last = stream.messages().getLast().id();
        }
        var applying = CompletableFuture.runAsync(() -> {
            for (int version = 2; version <= 150; version++) {
                apply(order.id, order.changed(version));
            }
        });
        while (seen.size() < 150) {
            try (var stream = EventStream.after(last, service())) {
                int before = seen.size();
                await().atMost(SOON).until(() -> !shown(stream).isEmpty() || before == 150);
                var messages = List.copyOf(stream.messages());
                last = messages.getLast().id();
                messages.stream()
                        .filter(message -> message.data().path("partition").asInt() == 99)
                        .forEach(message -> seen.add(line(message)));
            }
        }
        applying.join();
        assertThat(seen)
                .containsExactlyElementsOf(LongStream.range(0, 150)
                        .mapToObj(each -> each + (each == 0 ? " c applied" : " u applied"))
                        .toList());
    }

    @Test
    void saysHowManyEventsTheLogNoLongerHas() throws Exception {
        apply(order.id, order.placed());
        apply(order.id, order.changed(2));
        apply(order.id, order.changed(3));
        database.execute(
                "update cdc_raw.positions set logged_from = 2 where topic = 'order.events' and partition = 99");
        try (var now = new EventStream(service())) {
            apply(order.id, order.changed(4));
            await().atMost(SOON).until(() -> shown(now).size() == 1);
            String before = now.messages().getLast().id().replace("99@4", "99@0");
            try (var stream = EventStream.after(before, service())) {
                await().atMost(SOON)
                        .untilAsserted(() -> assertThat(shown(stream)).containsExactly("2 u applied", "3 u applied"));
                assertThat(stream.messages().getFirst().name()).isEqualTo("dropped");
                assertThat(stream.messages().getFirst().data().get("count").asLong())
                        .isEqualTo(2);
            }
        }
    }

    @Test
    void isHeardAgainAfterTheConnectionIsLost() throws Exception {
        try (var stream = new EventStream(service())) {
            apply(order.id, order.placed());
            await().atMost(SOON).until(() -> shown(stream).size() == 1);
            assertThat(database.rows(
                            "select pg_terminate_backend(pid) from pg_stat_activity where query = 'listen applied'"))
                    .as("one connection listens")
                    .containsExactly("t");
            apply(order.id, order.changed(2));
            await().atMost(SOON).until(() -> shown(stream).size() == 2);
        }
    }

    @Test
    void refusesAnIdThatIsNone() {
        given().header("Last-Event-ID", "order.events-0@7")
                .get("/events")
                .then()
                .statusCode(400)
                .contentType("application/problem+json")
                .body("errors[0].field", equalTo("Last-Event-ID"));
    }

    private static CompletableFuture<Response> waitFor(OrderEvents order, int version) throws Exception {
        var answer = CompletableFuture.supplyAsync(
                () -> given().get("/orders/{id}?minVersion={version}&wait=30s", order.id, version),
                command -> Thread.ofPlatform().start(command));
        Thread.sleep(200); // until the request waits; after a shorter time it still answers the same
        return answer;
    }

    private static URI service() {
        return URI.create("http://localhost:" + RestAssured.port);
    }

    private static List<String> shown(EventStream stream) {
        return stream.messages().stream()
                .filter(message -> message.data().path("partition").asInt() == 99)
                .map(OtherInstanceTest::line)
                .toList();
    }

    private static String line(EventStream.Message message) {
        var event = message.data();
        return event.get("offset").asText() + " " + event.get("op").asText() + " "
                + event.get("effect").asText();
    }

    private void apply(UUID key, @Nullable String value) {
        apply(List.of(record(key, value)));
    }

    private void apply(List<ReceivedRecord> records) {
        try {
            applier.apply(records, Map.of(OTHERS, records.getFirst().record().offset()), _ -> {});
        } catch (SQLException | PositionLost e) {
            throw new AssertionError(e);
        }
    }

    private ReceivedRecord record(UUID key, @Nullable String value) {
        var headers = new RecordHeaders();
        headers.add("eventType", "OrderEvent".getBytes(StandardCharsets.UTF_8));
        byte[] bytes = value == null ? null : value.getBytes(StandardCharsets.UTF_8);
        return ReceivedRecord.of(
                new ConsumerRecord<>(
                        OTHERS.topic(),
                        OTHERS.partition(),
                        offset++,
                        Instant.now().toEpochMilli(),
                        TimestampType.CREATE_TIME,
                        36,
                        bytes == null ? ConsumerRecord.NULL_SIZE : bytes.length,
                        key.toString().getBytes(StandardCharsets.UTF_8),
                        bytes,
                        headers,
                        Optional.empty()),
                reader);
    }
}
