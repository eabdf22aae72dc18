package dev.afterimage.projection.feed;

import static io.restassured.RestAssured.delete;
import static io.restassured.RestAssured.get;
import static io.restassured.RestAssured.given;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.hamcrest.Matchers.contains;
import static org.hamcrest.Matchers.containsInAnyOrder;
import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.empty;
import static org.hamcrest.Matchers.equalTo;
import static org.hamcrest.Matchers.lessThanOrEqualTo;

import dev.afterimage.projection.OrderTopic;
import dev.afterimage.projection.change.TopicReader;
import dev.afterimage.testing.Database;
import io.quarkus.test.junit.QuarkusTest;
import io.restassured.http.ContentType;
import io.restassured.response.ValidatableResponse;
import io.smallrye.reactive.messaging.kafka.KafkaClientService;
import jakarta.inject.Inject;
import java.nio.charset.StandardCharsets;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ExecutionException;
import java.util.stream.Collectors;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewPartitions;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.RecordsToDelete;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.GroupIdNotFoundException;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.eclipse.microprofile.config.inject.ConfigProperty;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The log is not the one it was, or the instance is not the only one of its name. */
@QuarkusTest
class GapTest {

    private static final Duration SOON = Duration.ofSeconds(40);
    private static final String TOPIC = "cdc.public.order_items";
    private static final String SINK = "connect-replica-sink";

    @Inject
    @ConfigProperty(name = "kafka.bootstrap.servers")
    String bootstrapServers;

    @Inject
    FeedChannel channel;

    @Inject
    KafkaClientService kafka;

    @Inject
    FeedConfig config;

    @Inject
    TopicReader reader;

    private final Database database = Database.ofService();
    private OrderTopic topic;

    @BeforeEach
    void openTopic() {
        topic = new OrderTopic(bootstrapServers);
    }

    /** Other tests leave its offsets, and a sink behind the beginning of a topic is a gap too. */
    @BeforeEach
    void forgetTheReplicasSink() throws Exception {
        try (Admin admin = Admin.create(Map.of("bootstrap.servers", bootstrapServers))) {
            admin.deleteConsumerGroups(List.of(SINK)).all().get();
        } catch (ExecutionException e) {
            assertThat(e).hasCauseInstanceOf(GroupIdNotFoundException.class);
        }
    }

    @AfterEach
    void closeTopic() {
        topic.close();
        database.execute(
                "delete from cdc_raw.gaps",
                "update cdc_raw.positions set logged_from = 0, replaced_after = null where topic = 'order.events'");
    }

    @Test
    void tellsOfRecordsThatRetentionDeletedBeforeTheyWereApplied() throws Exception {
        awaitApplied(put());
        RecordMetadata last;
        try (var connection = database.connect();
                var statement = connection.createStatement()) {
            connection.setAutoCommit(false);
            statement.execute("lock table cdc_raw.positions");
            var _ = put();
            await().atMost(SOON).until(() -> database.number("select count(*) from pg_locks where not granted") > 0);
            // the channel reads ahead until it pauses, and the consumer by one fetch, which ends at the next record
            await().atMost(SOON).until(() -> {
                var _ = put();
                return !kafka.getConsumer(FeedChannel.NAME)
                        .paused()
                        .await()
                        .atMost(SOON)
                        .isEmpty();
            });
            for (int i = 0; i < 20; i++) {
                var _ = put();
            }
            last = put();
            deleteRecordsBefore(last);
            connection.rollback();
        }

        awaitApplied(last);
        int gap = get("/gaps")
                .then()
                .statusCode(200)
                .body("size()", equalTo(1))
                .body("[0].topic", equalTo(TOPIC))
                .body("[0].partition", equalTo(last.partition()))
                .body("[0].toOffset", equalTo((int) last.offset()))
                .body("[0].cause", equalTo("retention"))
                .extract()
                .path("[0].id");
        get("/q/health/well")
                .then()
                .statusCode(503)
                .body(
                        "checks.find { it.name == 'feed gaps' }.data.values()[0]",
                        containsString("retention deleted the records"));
        assertThat(database.number("select logged_from from cdc_raw.positions where topic = '%s' and partition = %d"
                        .formatted(TOPIC, last.partition())))
                .isEqualTo(last.offset());

        await().atMost(SOON).until(() -> get("/q/metrics").asString().contains("\nfeed_gaps 1.0\n"));

        delete("/gaps/" + gap).then().statusCode(204);
        delete("/gaps/" + gap).then().statusCode(404);
        get("/q/health/well").then().body("checks.find { it.name == 'feed gaps' }.status", equalTo("UP"));
    }

    @Test
    void tellsOfRecordsThatRetentionDeletedBeforeTheReplicasSinkReadThem() throws Exception {
        RecordMetadata missed = put();
        RecordMetadata kept = put();
        awaitApplied(kept);
        deleteRecordsBefore(kept);
        var partition = new TopicPartition(TOPIC, missed.partition());
        try (Admin admin = Admin.create(Map.of("bootstrap.servers", bootstrapServers))) {
            admin.alterConsumerGroupOffsets(SINK, Map.of(partition, new OffsetAndMetadata(missed.offset())))
                    .all()
                    .get();
            awaitGaps(1);
            gaps().body("[0].cause", equalTo("replica"))
                    .body("[0].topic", equalTo(TOPIC))
                    .body("[0].fromOffset", equalTo((int) missed.offset()))
                    .body("[0].toOffset", equalTo((int) kept.offset()));

            // only a look that saw an offset beyond all records shows no lag; no earlier look adds the gap again then
            admin.alterConsumerGroupOffsets(SINK, Map.of(partition, new OffsetAndMetadata(1_000_000_000)))
                    .all()
                    .get();
            await().atMost(SOON).until(() -> get("/q/metrics").asString().contains("\nreplica_lag_age_seconds 0.0\n"));
            admin.deleteConsumerGroupOffsets(SINK, Set.of(partition)).all().get();
        }
    }

    @Test
    void takesItsPartitionsBackFromAnotherProcessOfTheSameInstanceId() throws Exception {
        loseThePartitions();

        awaitApplied(put());
    }

    /** The new log soon holds more records than the old one, so the position lies inside it. */
    @Test
    void readsATopicThatWasCreatedAgainFromItsBeginning() throws Exception {
        awaitApplied(put());
        RecordMetadata before = put();
        awaitApplied(before);

        createAgain(1);
        List<RecordMetadata> records = new ArrayList<>();
        for (int i = 0; i <= before.offset() + 5; i++) {
            records.add(put());
        }

        awaitLogged(records);
        awaitApplied(records.getLast());
        String gap = "find { it.cause == 'created-again' }.";
        gaps().body(gap + "topic", equalTo(TOPIC))
                .body(gap + "partition", equalTo(0))
                .body(gap + "fromOffset", lessThanOrEqualTo((int) before.offset() + 1))
                .body(gap + "toOffset", equalTo(0));
        get("/q/health/well")
                .then()
                .statusCode(503)
                .body("checks.find { it.name == 'feed gaps' }.data.values().join()", containsString("created again"));
    }

    @Test
    void noticesAtTheAssignmentThatTheTopicWasCreatedAgain() throws Exception {
        awaitApplied(put());
        database.execute("delete from cdc_raw.cdc_events where kafka_topic = '" + TOPIC + "'"); // they are read again
        RecordMetadata last = put();
        awaitApplied(last);
        database.execute("update cdc_raw.positions set topic_id = 'earlier' where topic = '" + TOPIC + "'");

        loseThePartitions();

        awaitGaps(1);
        int first = gaps().body("cause", contains("created-again"))
                .body("[0].fromOffset", equalTo((int) last.offset() + 1))
                .extract()
                .path("[0].toOffset");
        awaitApplied(last);
        assertThat(database.number("select count(*) from cdc_raw.cdc_events where kafka_topic = '" + TOPIC + "'"))
                .isEqualTo(last.offset() + 1 - first);
    }

    @Test
    void tellsThatANewPartitionHasLostItsBeginning() throws Exception {
        RecordMetadata last = put();
        awaitApplied(last);
        deleteRecordsBefore(last);
        database.execute("delete from cdc_raw.positions where topic = '" + TOPIC + "'");

        loseThePartitions();

        awaitGaps(1);
        gaps().body("cause", contains("retention"))
                .body("[0].fromOffset", equalTo(0))
                .body("[0].toOffset", equalTo((int) last.offset()));
    }

    @Test
    void adoptsTheTopicOfAPositionThatHasNoneYet() throws Exception {
        awaitApplied(put());
        database.execute("update cdc_raw.positions set topic_id = null where topic = '" + TOPIC + "'");

        loseThePartitions();

        await().atMost(SOON)
                .until(() ->
                        database.number("select count(topic_id) from cdc_raw.positions where topic = '" + TOPIC + "'")
                                == 1);
        awaitApplied(put());
        gaps().body("", empty());
    }

    @Test
    void tellsThatTheEndOfATopicIsLost() throws Exception {
        RecordMetadata record = put();
        awaitApplied(record);
        database.execute("update cdc_raw.positions set next_offset = next_offset + 100 where topic = '" + TOPIC + "'");

        loseThePartitions();

        awaitGaps(1);
        gaps().body("cause", contains("truncated"))
                .body("[0].fromOffset", equalTo((int) record.offset() + 1))
                .body("[0].toOffset", equalTo((int) record.offset() + 101));
        awaitApplied(put());
    }

    @Test
    void readsNewPartitionsFromTheirBeginningAndForgetsThoseThatAreGone() throws Exception {
        awaitApplied(put());
        try (var admin = Admin.create(Map.of("bootstrap.servers", bootstrapServers))) {
            admin.createPartitions(Map.of(TOPIC, NewPartitions.increaseTo(3)))
                    .all()
                    .get();
        }
        RecordMetadata added = put(2);
        awaitApplied(added);
        awaitLogged(List.of(added));

        createAgain(1);
        RecordMetadata first = put();

        awaitLogged(List.of(first));
        awaitGaps(3);
        gaps().body("partition", containsInAnyOrder(0, 1, 2))
                .body("find { it.partition == 0 }.cause", equalTo("created-again"))
                .body("find { it.partition == 2 }.cause", equalTo("fewer-partitions"))
                .body("find { it.partition == 2 }.fromOffset", equalTo((int) added.offset() + 1));
        assertThat(database.rows("select partition from cdc_raw.positions where topic = '" + TOPIC + "'"))
                .containsExactly("0");
        get("/q/health/ready").then().statusCode(200);
    }

    @Test
    void tellsThatATopicIsDeletedUntilItIsThereAgain() throws Exception {
        RecordMetadata last = put();
        awaitApplied(last);
        try (var admin = Admin.create(Map.of("bootstrap.servers", bootstrapServers))) {
            admin.deleteTopics(List.of(TOPIC)).all().get();
        }
        try {
            awaitGaps(1);
            gaps().body("cause", contains("deleted")).body("[0].fromOffset", equalTo((int) last.offset() + 1));
            database.execute("delete from cdc_raw.gaps");
            awaitGaps(1);
            await().atMost(SOON)
                    .untilAsserted(() -> get("/q/health/ready").then().statusCode(200));
        } finally {
            createAgain(1);
        }

        RecordMetadata record = put();
        awaitLogged(List.of(record));
        gaps().body("cause", containsInAnyOrder("deleted", "created-again"));
    }

    /** The rebuild has read a part of a log that is not the log any more. */
    @Test
    void endsARebuildThatRuns() throws Exception {
        try (var connection = database.connect();
                var statement = connection.createStatement()) {
            statement.execute("select pg_advisory_lock(" + 0x5ebd1d + ")"); // no instance runs the rebuild
            String rebuild = given().contentType(ContentType.JSON)
                    .body("{}")
                    .post("/rebuilds")
                    .then()
                    .statusCode(202)
                    .extract()
                    .path("id");
            database.execute("update cdc_raw.positions set topic_id = 'earlier' where topic = 'order.events'");

            loseThePartitions();

            await().atMost(SOON)
                    .until(() -> get("/rebuilds/" + rebuild).path("status").equals("FAILED"));
            get("/rebuilds/" + rebuild).then().body("error", containsString("Records of order.events are missing"));
        }
    }

    private void deleteRecordsBefore(RecordMetadata record) throws Exception {
        try (var admin = Admin.create(Map.of("bootstrap.servers", bootstrapServers))) {
            admin.deleteRecords(Map.of(
                            new TopicPartition(TOPIC, record.partition()),
                            RecordsToDelete.beforeOffset(record.offset())))
                    .all()
                    .get();
        }
    }

    private void awaitGaps(int count) {
        await().atMost(SOON).until(() -> database.number("select count(*) from cdc_raw.gaps") == count);
    }

    private static ValidatableResponse gaps() {
        return get("/gaps").then().statusCode(200);
    }

    /** Another process of the same instance id takes them for a moment, and the service joins the group again. */
    private void loseThePartitions() {
        var settings = new HashMap<>(channel.attributes(config, reader));
        settings.remove("topics");
        settings.put("bootstrap.servers", bootstrapServers);
        settings.put("enable.auto.commit", false);
        settings.put("partition.assignment.strategy", "org.apache.kafka.clients.consumer.CooperativeStickyAssignor");
        try (var twin = new KafkaConsumer<>(settings, new ByteArrayDeserializer(), new ByteArrayDeserializer())) {
            twin.subscribe(reader.topics());
            await().atMost(SOON).until(() -> {
                var _ = twin.poll(Duration.ofMillis(100));
                return twin.groupMetadata().generationId() > 0;
            });
        }
    }

    private void createAgain(int partitions) throws Exception {
        try (var admin = Admin.create(Map.of("bootstrap.servers", bootstrapServers))) {
            admin.deleteTopics(List.of(TOPIC))
                    .all()
                    .toCompletionStage()
                    .handle((_, _) -> null)
                    .toCompletableFuture()
                    .get();
            await().atMost(SOON).ignoreExceptions().until(() -> {
                admin.createTopics(List.of(new NewTopic(TOPIC, partitions, (short) 1)))
                        .all()
                        .get();
                return true;
            });
        }
        topic.close();
        topic = new OrderTopic(bootstrapServers);
    }

    private void awaitLogged(List<RecordMetadata> records) {
        String offsets = records.stream()
                .map(record -> "(%d, %d, to_timestamp(%d / 1000.0))"
                        .formatted(record.partition(), record.offset(), record.timestamp()))
                .collect(Collectors.joining(", "));
        await().atMost(SOON).untilAsserted(() -> assertThat(database.number("""
                        select count(*) from cdc_raw.cdc_events
                         where kafka_topic = '%s' and (kafka_partition, kafka_offset, kafka_timestamp) in (%s)""".formatted(TOPIC, offsets)))
                .isEqualTo(records.size()));
    }

    private RecordMetadata put() {
        return put(0);
    }

    private RecordMetadata put(int partition) {
        String key = "{\"order_id\":\"%s\",\"position\":1}".formatted(UUID.randomUUID());
        String value = """
                {"before": null, "after": {"position": 1}, "op": "c", "ts_ms": 1795251600500, "transaction": null,
                 "source": {"connector": "postgresql", "db": "orders", "schema": "public", "table": "order_items",
                            "ts_ms": 1795251600123, "lsn": 4711, "snapshot": "false"}}""";
        return topic.put(new ProducerRecord<>(
                TOPIC, partition, key.getBytes(StandardCharsets.UTF_8), value.getBytes(StandardCharsets.UTF_8)));
    }

    private void awaitApplied(RecordMetadata record) {
        await().atMost(SOON).until(() -> position(record) > record.offset());
    }

    private long position(RecordMetadata record) throws SQLException {
        return database.number(
                "select coalesce(max(next_offset), 0) from cdc_raw.positions where topic = '%s' and partition = %d"
                        .formatted(record.topic(), record.partition()));
    }
}
