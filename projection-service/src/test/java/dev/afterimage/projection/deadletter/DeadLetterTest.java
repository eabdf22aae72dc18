package dev.afterimage.projection.deadletter;

import static io.restassured.RestAssured.delete;
import static io.restassured.RestAssured.get;
import static io.restassured.RestAssured.given;
import static io.restassured.RestAssured.post;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;
import static org.awaitility.Awaitility.await;
import static org.hamcrest.Matchers.contains;
import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.equalTo;
import static org.hamcrest.Matchers.greaterThan;
import static org.hamcrest.Matchers.hasEntry;
import static org.hamcrest.Matchers.hasItem;
import static org.hamcrest.Matchers.hasSize;
import static org.hamcrest.Matchers.nullValue;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import dev.afterimage.projection.EventStream;
import dev.afterimage.projection.NamedEvents;
import dev.afterimage.projection.OrderEvents;
import dev.afterimage.projection.OrderTopic;
import dev.afterimage.testing.Database;
import io.quarkus.test.junit.QuarkusTest;
import io.restassured.RestAssured;
import io.restassured.response.ValidatableResponse;
import jakarta.inject.Inject;
import java.net.URI;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import javax.sql.DataSource;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.eclipse.microprofile.config.inject.ConfigProperty;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

@QuarkusTest
class DeadLetterTest {

    private static final Duration SOON = Duration.ofSeconds(20);
    private static final byte[] NO_TEXT = {(byte) 0xff, 0, 1};

    @Inject
    @ConfigProperty(name = "kafka.bootstrap.servers")
    String bootstrapServers;

    @Inject
    DataSource dataSource;

    private final Database database = Database.ofService();

    @JsonIgnoreProperties(ignoreUnknown = true)
    record Listed(long id, String topic, int partition, long offset) {}

    private final OrderEvents order = new OrderEvents();
    private OrderTopic topic;

    @BeforeEach
    void openTopic() {
        database.execute("delete from cdc_raw.dead_letters"); // of an earlier run
        topic = new OrderTopic(bootstrapServers);
    }

    @AfterEach
    void closeTopic() {
        topic.close();
        database.execute("alter table cdc_processed.orders drop constraint if exists refused");
    }

    /** The connections of the probes wait for a lock no longer than a second, so a scrape does not take longer. */
    @Test
    void countsTheWaitingLettersOverAConnectionOfTheProbes() throws SQLException {
        try (var holder = database.connect()) {
            holder.setAutoCommit(false);
            holder.createStatement().execute("lock table cdc_raw.dead_letters in access exclusive mode");
            var scrapes = CompletableFuture.runAsync(() -> await().atMost(Duration.ofSeconds(30))
                    .until(
                            () -> get("/q/metrics").asString(),
                            containsString("feed_dead_letters_waiting{topic=\"order.events\"} NaN")));
            await().atMost(Duration.ofSeconds(30))
                    .until(() -> database.rows("""
                            select application_name from pg_stat_activity
                             where wait_event_type = 'Lock' and query like '%from cdc_raw.dead_letters group by%'
                            """).equals(List.of("projection-service probes")));
            scrapes.join();
        }
    }

    @Test
    void keepsAllThatTheRecordHad() {
        var record = new ProducerRecord<>(OrderTopic.NAME, null, 1_700_000_000_123L, NO_TEXT, NO_TEXT);
        record.headers().add("text", "ä".getBytes(UTF_8)).add("nul\0", NO_TEXT).add("none", null);
        String base64 = Base64.getEncoder().encodeToString(NO_TEXT);

        RecordMetadata put = topic.put(record);
        letter(awaitLetter(put))
                .statusCode(200)
                .body("topic", equalTo(OrderTopic.NAME))
                .body("partition", equalTo(put.partition()))
                .body("offset", equalTo((int) put.offset()))
                .body("timestamp", equalTo("2023-11-14T22:13:20.123Z"))
                .body("key", equalTo(base64))
                .body("keyEncoding", equalTo("base64"))
                .body("value", equalTo(base64))
                .body("valueEncoding", equalTo("base64"))
                .body("headers.name", contains("text", "nul\0", "none", "eventType"))
                .body("headers.value", contains("ä", base64, null, "OrderEvent"))
                .body("headers.encoding", contains("utf-8", "base64", null, "utf-8"))
                .body("reason", equalTo("the key is not a UUID in plain text"))
                .body("attempts", equalTo(1));
    }

    @Test
    void setsAsideATextThatIsLongerThanTheContractHasIt() {
        var customer = NamedEvents.customer("a".repeat(243) + "@example.com"); // 255 characters
        topic.putOn("customer.events", customer.id, customer.created("Ada"));

        await().atMost(SOON).untilAsserted(() -> assertThat(get("/dead-letters?topic=customer.events&limit=200")
                        .jsonPath()
                        .getList("reason", String.class))
                .contains("after.email is not a string of 1 to 254 characters"));
        database.execute("delete from cdc_raw.dead_letters where reason like '%254 characters'");
    }

    @Test
    void showsTextAsText() {
        letter(awaitLetter(topic.put(order.id, "no json")))
                .body("key", equalTo(order.id.toString()))
                .body("keyEncoding", equalTo("utf-8"))
                .body("value", equalTo("no json"))
                .body("valueEncoding", equalTo("utf-8"));
        letter(awaitLetter(topic.put((String) null, null)))
                .body("key", nullValue())
                .body("keyEncoding", nullValue())
                .body("value", nullValue())
                .body("valueEncoding", nullValue());
    }

    @Test
    void listsTheNewestFirstPageByPage() {
        var broken = order.placedNode();
        broken.with("source").put("eventType", "no name");
        List<Integer> put = new ArrayList<>();
        for (int i = 0; i < 5; i++) {
            put.addFirst((int) awaitLetter(topic.put(order.id, broken.toString())));
        }
        String digest = letter(put.getFirst()).extract().path("digest");

        var first = given().queryParams(Map.of("topic", OrderTopic.NAME, "digest", digest, "limit", 3))
                .get("/dead-letters")
                .then()
                .statusCode(200)
                .body("id", equalTo(put.subList(0, 3)))
                .body("[0].key", equalTo(order.id.toString()))
                .body("[0].reason", equalTo("source.eventType is not the name of an event"))
                .body("[0].receivedAt.length()", greaterThan(19));
        String next = first.extract().header("Link").replaceAll("^<(.*)>; rel=\"next\"$", "$1");
        given().urlEncodingEnabled(false)
                .get(next)
                .then()
                .body("id", equalTo(put.subList(3, 5)))
                .header("Link", nullValue());
        get("/dead-letters?topic=customer.events&digest=" + digest).then().body("", hasSize(0));
    }

    @Test
    void groupsTheSameFault() {
        String missing = digest(topic.put(order.id, "{\"op\":\"x\"}"));
        String atByte1 = digest(topic.put(order.id, "no json"));
        String atByte9 = digest(topic.put(order.id, "{\"a\":\"b\"}]"));

        assertThat(atByte1).isEqualTo(atByte9).isNotEqualTo(missing).matches("[0-9a-f]{12}");
    }

    @ParameterizedTest
    @ValueSource(strings = {"limit=0", "after=x", "after=-1", "topic=%00", "digest=%00"})
    void namesTheParameterThatCannotBeRead(String query) {
        given().urlEncodingEnabled(false)
                .get("/dead-letters?" + query)
                .then()
                .statusCode(400)
                .body("errors.field", contains(query.replaceAll("=.*", "")));
    }

    @ParameterizedTest
    @CsvSource({
        "0, 404, unknown-id",
        "123456789012345678, 404, unknown-id",
        "1234567890123456789012, 400, invalid-request",
        "x, 400, invalid-request",
        "-1, 400, invalid-request"
    })
    void knowsNoLetterOfAnotherId(String id, int status, String type) {
        for (var response : List.of(
                get("/dead-letters/" + id), post("/dead-letters/" + id + "/replay"), delete("/dead-letters/" + id))) {
            response.then()
                    .statusCode(status)
                    .contentType("application/problem+json")
                    .body("type", equalTo("urn:problem-type:afterimage:" + type));
        }
    }

    @Test
    void appliesALetterOnceTheDatabaseTakesItsData() throws Exception {
        refuse("currency = 'XTS'");
        RecordMetadata put = topic.put(order.id, order.placed("XTS", "1.00"));
        long id = awaitLetter(put);

        post("/dead-letters/{id}/replay", id)
                .then()
                .statusCode(409)
                .contentType("application/problem+json")
                .body("type", equalTo("urn:problem-type:afterimage:still-refused"))
                .body("detail", equalTo("the database refuses its data, SQLSTATE 23514"));
        letter(id).body("attempts", equalTo(2));
        get("/orders/{id}", order.id).then().statusCode(404);
        assertThat(logged(put)).isZero();

        database.execute("alter table cdc_processed.orders drop constraint refused");
        try (var stream = new EventStream(URI.create("http://localhost:" + RestAssured.port))) {
            post("/dead-letters/{id}/replay", id).then().statusCode(200).body("", equalTo(Map.of("effect", "applied")));

            await().atMost(SOON).untilAsserted(() -> assertThat(stream.of(order.id.toString()))
                    .extracting(event -> event.get("effect").asText(), event -> event.get("offset")
                            .asLong())
                    .containsExactly(tuple("applied", put.offset())));
        }
        get("/orders/{id}", order.id).then().statusCode(200).body("currency", equalTo("XTS"));
        letter(id).statusCode(404);
        assertThat(logged(put)).isOne();
        assertThat(topic.deadLettersOf(put)).hasSize(1);
    }

    @Test
    void wakesWhoWaitsForTheOrder() throws Exception {
        refuse("currency = 'XTS'");
        long id = awaitLetter(topic.put(order.id, order.placed("XTS", "1.00")));
        database.execute("alter table cdc_processed.orders drop constraint refused");
        try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
            Future<Integer> reader = threads.submit(
                    () -> get("/orders/{id}?minVersion=1&wait=20s", order.id).statusCode());
            // the reader already waits, or will read the table after the replay; in both cases it must answer before
            // its 20 s are over
            post("/dead-letters/{id}/replay", id).then().statusCode(200);
            await().atMost(Duration.ofSeconds(5)).until(reader::isDone);
            assertThat(reader.get()).isEqualTo(200);
        }
    }

    @Test
    void ignoresALetterThatWasOvertaken() {
        refuse("version = 1");
        RecordMetadata put = topic.put(order.id, order.placed());
        long id = awaitLetter(put);
        topic.put(order.id, order.changed(2));
        await().atMost(SOON)
                .untilAsserted(() -> get("/orders/{id}", order.id).then().body("version", equalTo(2)));
        database.execute("alter table cdc_processed.orders drop constraint refused");

        post("/dead-letters/{id}/replay", id).then().statusCode(200).body("effect", equalTo("ignored"));

        get("/orders/{id}", order.id).then().body("version", equalTo(2));
        letter(id).statusCode(404);
        assertThat(logged(put)).isOne();
    }

    @Test
    void isReplayedOnceHoweverManyTryAtTheSameTime() throws Exception {
        refuse("currency = 'XTS'");
        RecordMetadata put = topic.put(order.id, order.placed("XTS", "1.00"));
        long id = awaitLetter(put);
        database.execute("alter table cdc_processed.orders drop constraint refused");

        List<Future<Integer>> statuses = new ArrayList<>();
        try (var threads = Executors.newVirtualThreadPerTaskExecutor();
                var connection = dataSource.getConnection();
                var statement = connection.createStatement()) {
            connection.setAutoCommit(false);
            statement.execute("lock table cdc_processed.deletions"); // so that all have started before one ends
            for (int i = 0; i < 4; i++) {
                statuses.add(threads.submit(
                        () -> post("/dead-letters/{id}/replay", id).statusCode()));
            }
            await().atMost(SOON)
                    .until(() -> database.number("select count(distinct pid) from pg_locks where not granted") == 4);
            connection.commit();
        }
        List<Integer> answers = new ArrayList<>();
        for (Future<Integer> status : statuses) {
            answers.add(status.get());
        }
        assertThat(answers).containsOnlyOnce(200).containsOnly(200, 404);
        assertThat(logged(put)).isOne();
    }

    @Test
    void replaysAllOfAFaultAndKeepsThoseThatAreStillRefused() {
        refuse("currency = 'XTS'");
        List<OrderEvents> orders = new ArrayList<>();
        for (int i = 0; i < 70; i++) {
            var one = new OrderEvents();
            orders.add(one);
            topic.send(one.id, one.placed("XTS", i == 60 ? "13.00" : "1.00"));
        }
        topic.flush();
        String digest = digest(topic.put(order.id, order.placed("XTS", "1.00")));
        await().atMost(SOON).until(() -> waiting(digest) == 71);
        awaitLetter(topic.put(order.id, "no json"));
        database.execute("alter table cdc_processed.orders drop constraint refused");
        refuse("total = 13");

        post("/dead-letters/replays?digest=" + digest)
                .then()
                .statusCode(200)
                .body("replayed", equalTo(71))
                .body("applied", equalTo(70))
                .body("ignored", equalTo(0))
                .body("refused", equalTo(1));

        orders.stream()
                .filter(one -> one != orders.get(60))
                .forEach(one -> get("/orders/{id}", one.id).then().statusCode(200));
        assertThat(waiting(digest)).isOne();
        assertThat(letters("")).hasSize(2);
        assertThat(get("/q/metrics").asString())
                .contains("feed_dead_letters_replayed_total{effect=\"applied\"}")
                .contains("feed_dead_letters_waiting{topic=\"customer.events\"} 0.0");
    }

    @Test
    void forgetsADiscardedLetter() {
        RecordMetadata put = topic.put(order.id, "no json");
        long id = awaitLetter(put);

        delete("/dead-letters/{id}", id).then().statusCode(204);

        letter(id).statusCode(404);
        assertThat(topic.deadLettersOf(put)).hasSize(1);
        assertThat(get("/q/metrics").asString()).contains("feed_dead_letters_discarded_total{topic=\"order.events\"}");
    }

    @Test
    void keepsOneLetterAndOneEventWhenTheTopicIsReadAgain() {
        RecordMetadata malformed = topic.put(order.id, "no json");
        RecordMetadata placed = topic.put(order.id, order.placed());
        long id = awaitLetter(malformed);
        await().atMost(SOON).untilAsserted(() -> assertThat(logged(placed)).isOne());

        database.execute("update cdc_raw.positions set next_offset = %d where topic = '%s' and partition = %d"
                .formatted(malformed.offset(), malformed.topic(), malformed.partition()));
        RecordMetadata last = topic.put(order.id, order.changed(2));

        await().atMost(SOON).untilAsserted(() -> letter(id).body("attempts", equalTo(2)));
        await().atMost(SOON).untilAsserted(() -> assertThat(logged(last)).isOne());
        assertThat(logged(placed)).isOne();
        assertThat(letters("")).filteredOn(letter -> isOf(letter, placed)).isEmpty();
        assertThat(letters("")).filteredOn(letter -> isOf(letter, malformed)).hasSize(1);
    }

    @Test
    void isRemovedByAReplayEvenIfTheLogHasTheEvent() {
        refuse("currency = 'XTS'");
        RecordMetadata put = topic.put(order.id, order.placed("XTS", "1.00"));
        long id = awaitLetter(put);
        database.execute("alter table cdc_processed.orders drop constraint refused");
        database.execute("update cdc_raw.positions set next_offset = %d where topic = '%s' and partition = %d"
                .formatted(put.offset(), put.topic(), put.partition()));
        topic.put(order.id, order.changed(2));
        await().atMost(SOON).untilAsserted(() -> assertThat(logged(put)).isOne());

        post("/dead-letters/{id}/replay", id).then().statusCode(200).body("effect", equalTo("ignored"));

        letter(id).statusCode(404);
        assertThat(logged(put)).isOne();
    }

    @Test
    void isListedByTopic() {
        for (String name : List.of("customer.events", "product.events")) {
            UUID key = UUID.randomUUID();
            topic.put(new ProducerRecord<>(name, key.toString().getBytes(UTF_8), "no json".getBytes(UTF_8)));
            await().atMost(SOON).untilAsserted(() -> get("/dead-letters?topic=" + name)
                    .then()
                    .body("", hasItem(hasEntry("key", key.toString()))));
        }
    }

    private static ValidatableResponse letter(long id) {
        return get("/dead-letters/{id}", id).then();
    }

    private String digest(RecordMetadata record) {
        return letter(awaitLetter(record)).extract().path("digest");
    }

    /** Waits until the record is a dead letter; returns the letter's id. */
    private long awaitLetter(RecordMetadata record) {
        return await().atMost(SOON)
                .pollInterval(Duration.ofMillis(20))
                .until(
                        () -> letters("").stream()
                                .filter(letter -> isOf(letter, record))
                                .findFirst(),
                        Optional::isPresent)
                .orElseThrow()
                .id();
    }

    private static boolean isOf(Listed letter, RecordMetadata record) {
        return letter.topic().equals(record.topic())
                && letter.partition() == record.partition()
                && letter.offset() == record.offset();
    }

    private static int waiting(String digest) {
        return letters("&digest=" + digest).size();
    }

    private static List<Listed> letters(String filter) {
        return get("/dead-letters?limit=200" + filter).jsonPath().getList("", Listed.class);
    }

    /** Makes the database refuse new orders with this condition. */
    private void refuse(String condition) {
        database.execute("alter table cdc_processed.orders add constraint refused check (not (%s)) not valid"
                .formatted(condition));
    }

    private long logged(RecordMetadata record) {
        return database.number("""
                select count(*) from cdc_raw.cdc_events
                 where kafka_topic = '%s' and kafka_partition = %d and kafka_offset = %d
                   and kafka_timestamp = to_timestamp(%d / 1000.0)
                """.formatted(record.topic(), record.partition(), record.offset(), record.timestamp()));
    }
}
