package dev.afterimage.projection.feed;

import static io.restassured.RestAssured.given;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.hamcrest.Matchers.equalTo;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.afterimage.projection.EventStream;
import dev.afterimage.projection.OrderEvents;
import dev.afterimage.projection.OrderTopic;
import dev.afterimage.testing.Database;
import io.quarkus.test.junit.QuarkusTest;
import io.restassured.RestAssured;
import io.restassured.http.ContentType;
import jakarta.inject.Inject;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Random;
import java.util.UUID;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.eclipse.microprofile.config.inject.ConfigProperty;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Row changes of the source's tables, as Debezium captures them: they go to the event log only. */
@QuarkusTest
class TableTopicsTest {

    private static final Duration SOON = Duration.ofSeconds(20);
    private static final String ORDERS = "cdc.public.orders";
    private static final String ITEMS = "cdc.public.order_items";
    private static final JsonMapper JSON = new JsonMapper();

    @Inject
    @ConfigProperty(name = "kafka.bootstrap.servers")
    String bootstrapServers;

    private final Database database = Database.ofService();

    private final UUID id = UUID.randomUUID();
    private OrderTopic topic;

    @BeforeEach
    void openTopic() {
        topic = new OrderTopic(bootstrapServers);
    }

    @AfterEach
    void closeTopic() {
        topic.close();
    }

    @Test
    void putsEachChangeOfARowOnRecordWithBeforeAndAfter() throws Exception {
        String before = get("/stats").path("aggregates").toString();
        try (var stream = new EventStream(URI.create("http://localhost:" + RestAssured.port))) {
            String key = wrapped("{\"id\":\"%s\"}".formatted(id));
            put(ORDERS, key, wrapped(change("r", null, row("PENDING"))));
            put(ORDERS, "{\"id\":\"%s\"}".formatted(id), change("u", row("PENDING"), row("PAID")));
            put(ORDERS, key, wrapped(change("d", row("PAID"), null)));
            awaitLogged(put(ORDERS, key, null));
            awaitLogged(put(
                    ITEMS,
                    wrapped("{\"order_id\":\"%s\",\"position\":1}".formatted(id)),
                    wrapped(change(
                            "c",
                            null,
                            "{\"order_id\":\"%s\",\"position\":1,\"unit_price\":\"29.90\"}".formatted(id)))));

            assertThat(database.rows("""
                    select concat_ws(' ', source_table, operation, coalesce(before_data ->> 'status', '-'),
                                     coalesce(after_data ->> 'status', '-'), coalesce(source_metadata ->> 'lsn', '-'),
                                     event_timestamp = '2026-11-21 09:00:00.123Z')
                      from cdc_raw.cdc_events where event_key ->> 'id' = '%s' order by kafka_offset
                    """.formatted(id)))
                    .containsExactly(
                            "public.orders r - PENDING 4711 t",
                            "public.orders u PENDING PAID 4711 t",
                            "public.orders d PAID - 4711 t",
                            "public.orders tombstone - - - f");
            assertThat(database.rows("""
                    select source_table || ' ' || event_key || ' ' || (after_data ->> 'unit_price')
                      from cdc_raw.cdc_events where kafka_topic = 'cdc.public.order_items' and event_key ->> 'order_id' = '%s'
                    """.formatted(id)))
                    .containsExactly("public.order_items {\"order_id\": \"%s\", \"position\": 1} 29.90".formatted(id));
            assertThat(stream.of(id.toString())).as("events").isEmpty();
        }
        assertThat(get("/stats").path("aggregates").toString()).isEqualTo(before);
        given().get("/orders/" + id).then().statusCode(404);
        given().get("/orders/" + id + "/history").then().statusCode(404);
        assertThat(given().get("/q/metrics").asString())
                .contains("feed_records_total{effect=\"logged\",operation=\"delete\",topic=\"cdc.public.orders\"}");
    }

    @Test
    void setsAsideARecordThatIsNoRowChange() throws Exception {
        put(ORDERS, "{\"id\":\"%s\"}".formatted(id), "{\"op\":\"x\"}");
        awaitLogged(put(ORDERS, "{\"id\":\"%s\"}".formatted(id), change("c", null, row("PENDING"))));

        String letter = database.rows(
                        "select id from cdc_raw.dead_letters where position(convert_to('%s', 'UTF8') in key) > 0"
                                .formatted(id))
                .getFirst();
        given().get("/dead-letters/" + letter).then().body("reason", equalTo("op is none of c, u, d, r"));
        given().delete("/dead-letters/" + letter).then().statusCode(204);
    }

    /**
     * The database refuses the key with SQLSTATE 54000. The key is random, because PostgreSQL compresses it before it
     * checks the size.
     */
    @Test
    void keepsALargeRowWhole() {
        var record = put(ORDERS, "{\"id\":\"%s\"}".formatted(id), change("c", null, row("x".repeat(100_000))));
        awaitLogged(record);
        assertThat(database.number("""
                select length(after_data ->> 'status') from cdc_raw.cdc_events
                 where kafka_topic = '%s' and kafka_offset = %d
                """.formatted(ORDERS, record.offset()))).isEqualTo(100_000);
    }

    @Test
    void setsAsideARowWhoseKeyIsLargerThanAnIndexHolds() {
        var large = new Random(4711)
                .ints(6_000, 'a', 'z' + 1)
                .collect(StringBuilder::new, StringBuilder::appendCodePoint, StringBuilder::append);
        var record = put(ORDERS, "{\"id\":\"%s %s\"}".formatted(id, large), change("c", null, row("PENDING")));
        awaitLogged(record);

        var letter = database.rows("""
                select id, reason from cdc_raw.dead_letters where kafka_topic = '%s' and kafka_offset = %d
                """.formatted(ORDERS, record.offset()));
        assertThat(letter).singleElement().asString().endsWith("the database refuses its data, SQLSTATE 54000");
        given().delete("/dead-letters/" + letter.getFirst().split(" ", 2)[0])
                .then()
                .statusCode(204);
    }

    @Test
    void leavesARebuildFromTheLogAsItWas() throws Exception {
        awaitLogged(put(ORDERS, "{\"id\":\"%s\"}".formatted(id), change("c", null, row("PENDING"))));
        database.execute(
                "update cdc_raw.positions set logged_from = 1 where topic = 'cdc.public.orders'"); // retention was
        // there
        var order = new OrderEvents();
        awaitLogged(topic.put(order.id, order.placed()));

        String rebuild = given().contentType(ContentType.JSON)
                .body("{\"source\": \"log\"}")
                .post("/rebuilds")
                .then()
                .statusCode(202)
                .extract()
                .path("id");

        await().atMost(SOON)
                .until(() ->
                        !get("/rebuilds/" + rebuild).path("status").asText().equals("RUNNING"));
        assertThat(get("/rebuilds/" + rebuild).path("status").asText()).isEqualTo("DONE");
        given().get("/orders/" + order.id).then().statusCode(200);
        given().get("/orders/" + id).then().statusCode(404);
    }

    private String row(String status) {
        return "{\"id\":\"%s\",\"status\":\"%s\",\"total\":\"59.80\",\"version\":1}".formatted(id, status);
    }

    private static String change(String op, @Nullable String before, @Nullable String after) {
        return """
                {"before": %s, "after": %s, "op": "%s", "ts_ms": 1795251600500, "transaction": null,
                 "source": {"connector": "postgresql", "db": "orders", "schema": "public", "table": "orders",
                            "ts_ms": 1795251600123, "lsn": 4711, "snapshot": "false"}}""".formatted(before, after, op);
    }

    /** The form of Kafka Connect's JSON converter with schemas enabled. */
    private static String wrapped(String payload) {
        return "{\"schema\": {\"type\": \"struct\", \"optional\": false}, \"payload\": %s}".formatted(payload);
    }

    private RecordMetadata put(String name, String key, @Nullable String value) {
        return topic.put(new ProducerRecord<>(
                name,
                key.getBytes(StandardCharsets.UTF_8),
                value == null ? null : value.getBytes(StandardCharsets.UTF_8)));
    }

    private void awaitLogged(RecordMetadata record) {
        await().atMost(SOON).until(() -> !database.rows(
                        "select 1 from cdc_raw.positions where topic = '%s' and partition = %d and next_offset > %d"
                                .formatted(record.topic(), record.partition(), record.offset()))
                .isEmpty());
    }

    private static JsonNode get(String address) throws Exception {
        return JSON.readTree(given().get(address).asString());
    }
}
