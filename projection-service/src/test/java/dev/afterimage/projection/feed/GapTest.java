package dev.afterimage.projection.feed;

import static io.restassured.RestAssured.delete;
import static io.restassured.RestAssured.get;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.equalTo;

import dev.afterimage.projection.OrderTopic;
import dev.afterimage.projection.change.TopicReader;
import dev.afterimage.testing.Database;
import io.quarkus.test.junit.QuarkusTest;
import io.smallrye.reactive.messaging.kafka.KafkaClientService;
import jakarta.inject.Inject;
import java.nio.charset.StandardCharsets;
import java.sql.SQLException;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.UUID;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.RecordsToDelete;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.TopicPartition;
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

    @AfterEach
    void closeTopic() {
        topic.close();
        database.execute("delete from cdc_raw.gaps");
    }

    @Test
    void tellsOfRecordsThatRetentionDeletedBeforeTheyWereApplied() throws Exception {
        awaitApplied(put());
        RecordMetadata last;
        try (var connection = database.connect();
                var statement = connection.createStatement();
                var admin = Admin.create(Map.of("bootstrap.servers", bootstrapServers))) {
            connection.setAutoCommit(false);
            statement.execute("lock table cdc_raw.positions");
            var held = put();
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
            admin.deleteRecords(Map.of(
                            new TopicPartition(TOPIC, held.partition()), RecordsToDelete.beforeOffset(last.offset())))
                    .all()
                    .get();
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

        delete("/gaps/" + gap).then().statusCode(204);
        delete("/gaps/" + gap).then().statusCode(404);
        get("/q/health/well").then().body("checks.find { it.name == 'feed gaps' }.status", equalTo("UP"));
    }

    @Test
    void takesItsPartitionsBackFromAnotherProcessOfTheSameInstanceId() throws Exception {
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

        awaitApplied(put());
    }

    private RecordMetadata put() {
        String key = "{\"order_id\":\"%s\",\"position\":1}".formatted(UUID.randomUUID());
        String value = """
                {"before": null, "after": {"position": 1}, "op": "c", "ts_ms": 1795251600500, "transaction": null,
                 "source": {"connector": "postgresql", "db": "orders", "schema": "public", "table": "order_items",
                            "ts_ms": 1795251600123, "lsn": 4711, "snapshot": "false"}}""";
        return topic.put(new ProducerRecord<>(
                TOPIC, 0, key.getBytes(StandardCharsets.UTF_8), value.getBytes(StandardCharsets.UTF_8)));
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
