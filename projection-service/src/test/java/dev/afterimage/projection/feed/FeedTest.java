package dev.afterimage.projection.feed;

import static io.restassured.RestAssured.get;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;
import static org.awaitility.Awaitility.await;
import static org.hamcrest.Matchers.equalTo;
import static org.hamcrest.Matchers.hasSize;

import dev.afterimage.projection.OrderEvents;
import dev.afterimage.projection.OrderTopic;
import dev.afterimage.projection.change.TopicReader;
import dev.afterimage.testing.Database;
import io.opentelemetry.api.common.AttributeKey;
import io.opentelemetry.api.trace.SpanKind;
import io.opentelemetry.api.trace.StatusCode;
import io.opentelemetry.sdk.testing.exporter.InMemorySpanExporter;
import io.opentelemetry.sdk.trace.data.SpanData;
import io.opentelemetry.sdk.trace.data.StatusData;
import io.quarkus.test.junit.QuarkusTest;
import io.restassured.response.ValidatableResponse;
import jakarta.inject.Inject;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.stream.Collectors;
import javax.sql.DataSource;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.eclipse.microprofile.config.inject.ConfigProperty;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@QuarkusTest
class FeedTest {

    private static final Duration SOON = Duration.ofSeconds(20);

    @Inject
    @ConfigProperty(name = "kafka.bootstrap.servers")
    String bootstrapServers;

    @Inject
    DataSource dataSource;

    @Inject
    InMemorySpanExporter spans;

    @Inject
    TopicReader reader;

    private final OrderEvents order = new OrderEvents();
    private final String traceId = UUID.randomUUID().toString().replace("-", "");
    private final String sampled = "00-" + traceId + "-00f067aa0ba902b7-01";
    private OrderTopic topic;

    @BeforeEach
    void openTopic() {
        topic = new OrderTopic(bootstrapServers);
    }

    @AfterEach
    void closeTopic() {
        topic.close();
    }

    /** The id of a static member includes a hash of the list. */
    @Test
    void keepsTheOrderOfItsTopics() {
        assertThat(reader.topics()).startsWith("order.events", "customer.events", "product.events");
    }

    @Test
    void appliesCreateUpdateDeleteAndTombstone() {
        awaitApplied(topic.put(order.id, order.placed()));
        order(order.id).statusCode(200).body("version", equalTo(1)).body("items", hasSize(1));

        awaitApplied(topic.put(order.id, order.changed(3)));
        order(order.id).body("version", equalTo(3)).body("items", hasSize(3));
        awaitApplied(topic.put(order.id, order.snapshot(4)));
        order(order.id).body("version", equalTo(4)).body("items", hasSize(1));

        awaitApplied(topic.put(order.id, order.deleted(5)));
        order(order.id).statusCode(404);
        awaitApplied(topic.put(order.id, null));
        order(order.id).statusCode(404);
    }

    @Test
    void changesNothingWhenTheSameEventsArriveAgain() throws SQLException {
        awaitApplied(topic.put(order.id, order.placed()), topic.put(order.id, order.changed(2)));
        String before = row(order.id);

        awaitApplied(topic.put(order.id, order.placed()), topic.put(order.id, order.changed(2)));

        assertThat(row(order.id)).isEqualTo(before);
    }

    @Test
    void neverResurrectsADeletedOrder() {
        awaitApplied(topic.put(order.id, order.placed()), topic.put(order.id, order.deleted(3)));
        awaitApplied(topic.put(order.id, order.changed(2)), topic.put(order.id, order.snapshot(2)));
        order(order.id).statusCode(404);
    }

    @Test
    void knowsADeleteThatCameBeforeItsCreate() {
        awaitApplied(topic.put(order.id, order.deleted(2)), topic.put(order.id, order.placed()));
        order(order.id).statusCode(404);
    }

    @Test
    void deletesByKeyWhenOnlyTheTombstoneArrives() {
        awaitApplied(
                topic.put(order.id, order.placed()), topic.put(order.id, null), topic.put(order.id, order.placed()));
        order(order.id).statusCode(404);
    }

    @Test
    void readsTheSnapshotOfAnOrderItNeverSaw() {
        awaitApplied(topic.put(order.id, order.snapshot(7)));
        order(order.id).body("version", equalTo(7)).body("cdc.operation", equalTo("r"));
    }

    @Test
    void readsAWrappedEnvelope() {
        awaitApplied(topic.put(order.id, "{\"schema\":null,\"payload\":" + order.placed() + "}"));
        order(order.id).statusCode(200);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "no json", "{\"op\":\"x\"}", "\u0000"})
    void setsAMalformedRecordAsideAndGoesOn(String value) {
        RecordMetadata malformed = topic.put(order.id, value);
        awaitApplied(malformed, topic.put(order.id, order.placed()));

        order(order.id).statusCode(200);
        assertThat(topic.deadLettersOf(malformed)).singleElement().satisfies(letter -> {
            assertThat(letter.key()).asString().isEqualTo(order.id.toString());
            assertThat(letter.value()).asString().isEqualTo(value);
            assertThat(OrderTopic.header(letter, "dead-letter-reason")).isNotBlank();
            assertThat(OrderTopic.header(letter, "dead-letter-topic")).isEqualTo(OrderTopic.NAME);
            assertThat(OrderTopic.header(letter, "eventType")).isEqualTo("OrderEvent");
        });
    }

    @Test
    void setsARecordWithoutKeyAside() {
        RecordMetadata keyless = topic.put((String) null, null);
        awaitApplied(keyless);
        assertThat(topic.deadLettersOf(keyless)).singleElement().satisfies(letter -> {
            assertThat(letter.key()).isNull();
            assertThat(letter.value()).isNull();
            assertThat(OrderTopic.header(letter, "dead-letter-reason")).isEqualTo("the record has no key");
        });
    }

    @Test
    void setsOnlyThatRecordAsideWhichTheDatabaseRefuses() throws SQLException {
        sql("alter table cdc_processed.orders add constraint refused check (currency <> 'XTS') not valid");
        try {
            List<OrderEvents> orders = new ArrayList<>();
            for (int i = 0; i < 200; i++) {
                orders.add(new OrderEvents());
            }
            OrderEvents refused = orders.get(77);
            orders.forEach(one -> {
                if (one != refused) {
                    topic.send(one.id, one.placed());
                }
                if (one == orders.get(76)) {
                    topic.send(refused.id, refused.placed("XTS", "1.00"));
                }
            });
            topic.flush();
            // after the refused record in the same partition
            RecordMetadata last = topic.put(refused.id, refused.changed(2));
            awaitApplied(last);

            order(refused.id).body("version", equalTo(2));
            String theirs = orders.stream().map(one -> one.id.toString()).collect(Collectors.joining("', '"));
            await().atMost(SOON)
                    .until(() -> Database.ofService()
                                    .number("select count(*) from cdc_processed.orders where id in ('%s')"
                                            .formatted(theirs))
                            == orders.size());
        } finally {
            sql("alter table cdc_processed.orders drop constraint refused");
        }
    }

    @Test
    void goesBackWithTheDatabaseAndEndsTheSame() throws SQLException {
        OrderEvents deleted = new OrderEvents();
        awaitApplied(
                topic.put(order.id, order.placed()),
                topic.put(order.id, order.changed(2)),
                topic.put(deleted.id, deleted.placed()),
                topic.put(deleted.id, deleted.deleted(2)),
                topic.put(deleted.id, null));
        String before = row(order.id);

        // like after a restore, or a restart at an older offset: everything is read again
        sql("update cdc_raw.positions set next_offset = 0 where topic = 'order.events'");
        OrderEvents next = new OrderEvents();
        RecordMetadata[] wakeEachPartition = new RecordMetadata[40];
        for (int i = 0; i < wakeEachPartition.length; i++) {
            UUID id = UUID.randomUUID();
            wakeEachPartition[i] = topic.put(id, null);
        }
        awaitApplied(wakeEachPartition);
        awaitApplied(topic.put(next.id, next.placed()));

        assertThat(row(order.id)).isEqualTo(before);
        order(deleted.id).statusCode(404);
        order(next.id).statusCode(200);
    }

    @Test
    void survivesThatTheDatabaseCutsAllConnections() {
        for (int cut = 1; cut <= 3; cut++) {
            assertThatThrownBy(() -> sql("select pg_terminate_backend(pid) from pg_stat_activity"
                            + " where usename = 'projection' order by pid = pg_backend_pid()"))
                    .isInstanceOf(SQLException.class);
            OrderEvents one = new OrderEvents();
            awaitApplied(topic.put(one.id, one.placed()));
            await().atMost(SOON).untilAsserted(() -> order(one.id).statusCode(200));
        }
    }

    @Test
    void isReadyWhileItFollowsItsPartitions() {
        await().atMost(SOON).untilAsserted(() -> get("/q/health/ready")
                .then()
                .statusCode(200)
                .body("checks.find { it.name == 'feed' }.data.state", equalTo("follows its partitions")));
    }

    @Test
    void countsWhatItDoes() {
        awaitApplied(topic.put(order.id, order.placed()), topic.put(order.id, order.placed()));
        assertThat(get("/q/metrics").asString())
                .contains("feed_records_total{effect=\"applied\",operation=\"create\",topic=\"order.events\"")
                .contains("feed_records_total{effect=\"ignored\",operation=\"create\",topic=\"order.events\"")
                .contains("feed_commit_to_applied_seconds_bucket")
                .contains("feed_batch_size");
    }

    @Test
    void tellsHowLongAnEventTookToConnectToTheFeedAndToTheReadModel() {
        long now = System.currentTimeMillis();
        String placed = order.placed().replaceFirst("\"ts_ms\":\\d+", "\"ts_ms\":" + (now - 5_000));
        double toConnect = seconds("feed_stage_seconds_sum{stage=\"commit-to-connect\"}");
        double toVisible = seconds("feed_stage_seconds_sum{stage=\"connect-to-visible\"}");
        double toApplied = seconds("feed_stage_seconds_sum{stage=\"visible-to-applied\"}");
        double all = seconds("feed_commit_to_applied_seconds_sum");

        awaitApplied(topic.put(new ProducerRecord<>(
                OrderTopic.NAME, null, now - 2_000, order.id.toString().getBytes(UTF_8), placed.getBytes(UTF_8))));

        await().atMost(SOON).untilAsserted(() -> assertThat(seconds("feed_commit_to_applied_seconds_sum") - all)
                .isGreaterThan(5));
        double connect = seconds("feed_stage_seconds_sum{stage=\"commit-to-connect\"}") - toConnect;
        double visible = seconds("feed_stage_seconds_sum{stage=\"connect-to-visible\"}") - toVisible;
        double applied = seconds("feed_stage_seconds_sum{stage=\"visible-to-applied\"}") - toApplied;
        assertThat(connect).isCloseTo(3, within(0.001));
        assertThat(visible).isGreaterThanOrEqualTo(2);
        assertThat(applied).isPositive();
        assertThat(connect + visible + applied)
                .isCloseTo(seconds("feed_commit_to_applied_seconds_sum") - all, within(0.001));
    }

    @ParameterizedTest
    @ValueSource(longs = {-62_135_596_800_000L, 253_402_300_799_999L})
    void tellsOfAnEventOfTheFirstAndTheLastYear(long committedAt) {
        topic.putTraced(order.id, order.placedNode().put("ts_ms", committedAt).toString(), sampled);

        assertThat(awaitSpan().getName()).isEqualTo("process order.events");
    }

    /**
     * The cause is not in the data, so the record does not become a dead letter. The partition waits, and the lag must
     * show this.
     */
    @Test
    void tellsHowOldARecordIsThatCannotBeAppliedWhileOthersAre() {
        var database = Database.ofService();
        var other = new OrderEvents();
        while (partitionOf(other) == partitionOf(order)) {
            other = new OrderEvents();
        }
        database.execute("""
                create function fail() returns trigger language plpgsql
                as 'begin raise exception using errcode = ''58000'', message = ''no reason that is known''; end'
                """, """
                create trigger fail before insert on cdc_processed.orders
                for each row when (new.id = '%s') execute function fail()
                """.formatted(order.id));
        RecordMetadata waits;
        try {
            waits = topic.put(order.id, order.placed());
            for (int version = 1; lagAge() < 2; version++) {
                awaitApplied(topic.put(other.id, version == 1 ? other.placed() : other.changed(version)));
            }
            assertThat(position(waits.partition())).isEqualTo(waits.offset());
        } catch (SQLException e) {
            throw new AssertionError(e);
        } finally {
            database.execute("drop function fail cascade");
        }
        awaitApplied(waits);
        await().atMost(SOON).until(() -> lagAge() == 0);
    }

    private int partitionOf(OrderEvents events) {
        return topic.put(events.id, null).partition();
    }

    private static double lagAge() {
        return seconds("feed_lag_age_seconds");
    }

    /** The value of a metric; the first that begins like this. */
    private static double seconds(String metric) {
        return get("/q/metrics")
                .asString()
                .lines()
                .filter(line -> line.startsWith(metric))
                .mapToDouble(line -> Double.parseDouble(line.substring(line.lastIndexOf(' '))))
                .findFirst()
                .orElseThrow();
    }

    @Test
    void endsTheTraceOfARequestWhereItsEventIsApplied() {
        RecordMetadata placed = topic.putTraced(order.id, order.placed(), sampled);

        SpanData span = awaitSpan();
        assertThat(span.getParentSpanContext().isRemote()).isTrue();
        assertThat(span.getParentSpanId()).isEqualTo("00f067aa0ba902b7");
        assertThat(span.getKind()).isEqualTo(SpanKind.CONSUMER);
        assertThat(span.getName()).isEqualTo("process order.events");
        assertThat(span.getStatus().getStatusCode()).isEqualTo(StatusCode.UNSET);
        assertThat(span.getEndEpochNanos()).isGreaterThan(span.getStartEpochNanos());
        Map<String, Object> attributes = new HashMap<>();
        span.getAttributes().forEach((key, value) -> attributes.put(key.getKey(), value));
        assertThat(attributes)
                .containsEntry("messaging.system", "kafka")
                .containsEntry("messaging.destination.name", "order.events")
                .containsEntry("messaging.destination.partition.id", Integer.toString(placed.partition()))
                .containsEntry("messaging.kafka.offset", placed.offset())
                .containsEntry("messaging.kafka.message.key", order.id.toString())
                .containsEntry("messaging.consumer.group.name", "projection")
                .containsEntry("feed.effect", "applied");
    }

    @Test
    void marksTheSpanOfARecordThatIsSetAside() {
        topic.putTraced(order.id, "no json", sampled);

        StatusData status = awaitSpan().getStatus();
        assertThat(status.getStatusCode()).isEqualTo(StatusCode.ERROR);
        assertThat(status.getDescription()).isNotBlank();
    }

    @Test
    void appliesARecordWhoseTraceNobodyFollowsWithoutASpan() {
        awaitApplied(
                topic.putTraced(order.id, order.placed(), null),
                topic.putTraced(order.id, order.changed(2), "no traceparent"),
                topic.putTraced(order.id, order.changed(3), sampled.replaceFirst("01$", "00")),
                topic.putTraced(order.id, order.changed(4), sampled));
        order(order.id).body("version", equalTo(4));
        awaitSpan();

        AttributeKey<String> key = AttributeKey.stringKey("messaging.kafka.message.key");
        assertThat(spans.getFinishedSpanItems())
                .filteredOn(
                        span -> order.id.toString().equals(span.getAttributes().get(key)))
                .hasSize(1);
    }

    private SpanData awaitSpan() {
        return await().atMost(SOON)
                .until(
                        () -> spans.getFinishedSpanItems().stream()
                                .filter(span -> span.getTraceId().equals(traceId))
                                .findAny(),
                        Optional::isPresent)
                .orElseThrow();
    }

    private static ValidatableResponse order(UUID id) {
        return get("/orders/{id}", id).then();
    }

    /** Waits until the position in the database is after each record. */
    private void awaitApplied(RecordMetadata... records) {
        for (RecordMetadata record : records) {
            await().atMost(SOON)
                    .pollInterval(Duration.ofMillis(10))
                    .ignoreExceptionsInstanceOf(SQLException.class)
                    .until(() -> position(record.partition()) > record.offset());
        }
    }

    private long position(int partition) throws SQLException {
        try (var connection = dataSource.getConnection();
                var statement = connection.prepareStatement(
                        "select next_offset from cdc_raw.positions where topic = 'order.events' and partition = ?")) {
            statement.setInt(1, partition);
            try (var row = statement.executeQuery()) {
                return row.next() ? row.getLong(1) : 0;
            }
        }
    }

    /** The order and its items with all columns, including the time when they were applied. */
    private String row(UUID id) throws SQLException {
        try (var connection = dataSource.getConnection();
                var statement = connection.prepareStatement("""
                        select o::text || array_agg(i::text order by i.line_no)::text
                          from cdc_processed.orders o join cdc_processed.order_items i on i.order_id = o.id
                         where o.id = ?
                         group by o
                        """)) {
            statement.setObject(1, id);
            try (var row = statement.executeQuery()) {
                assertThat(row.next()).isTrue();
                return row.getString(1);
            }
        }
    }

    private void sql(String sql) throws SQLException {
        try (var connection = dataSource.getConnection();
                var statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }
}
