package dev.afterimage.projection.feed;

import static io.restassured.RestAssured.get;
import static io.restassured.RestAssured.post;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.hamcrest.Matchers.equalTo;

import dev.afterimage.projection.OrderEvents;
import dev.afterimage.projection.OrderTopic;
import dev.afterimage.testing.Database;
import io.quarkus.test.junit.QuarkusTest;
import io.restassured.response.ValidatableResponse;
import jakarta.inject.Inject;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.eclipse.microprofile.config.inject.ConfigProperty;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/**
 * Temporary failures: the feed tries records again until they are applied, and none becomes a dead letter because of a
 * failure. The test stops the broker of the dev services for a moment.
 */
@QuarkusTest
class OutageTest {

    private static final Duration SOON = Duration.ofSeconds(30);

    @Inject
    @ConfigProperty(name = "kafka.bootstrap.servers")
    String bootstrapServers;

    private final Database database = Database.ofService();
    private final OrderEvents order = new OrderEvents();
    private OrderTopic topic;
    private Connection superuser;

    @BeforeEach
    void connect() throws SQLException {
        topic = new OrderTopic(bootstrapServers);
        superuser = database.connect();
        awaitVersion(topic.put(order.id, order.placed()), 1);
    }

    @AfterEach
    void close() throws SQLException {
        topic.close();
        superuser.close();
    }

    @Test
    void appliesARecordThatMetADeadlock() throws SQLException {
        superuser.setAutoCommit(false);
        sql("set local deadlock_timeout = '1h'"); // so that PostgreSQL ends the feed's transaction and not this one
        sql("select from cdc_processed.orders where id = '%s' for update".formatted(order.id));
        long before = deadlocks();
        RecordMetadata changed = topic.put(order.id, order.changed(2));
        await().atMost(SOON).until(() -> database.number("select count(*) from pg_locks where not granted") > 0);

        // the feed has locked this row and waits for the order's row
        sql("select from cdc_raw.positions where topic = '%s' and partition = %d for update"
                .formatted(changed.topic(), changed.partition()));
        superuser.commit();
        superuser.setAutoCommit(true);

        awaitVersion(changed, 2);
        await().atMost(SOON).until(() -> deadlocks() > before);
        assertSetAside(changed, 0);
    }

    @Test
    void replaysALetterDespiteADeadlock() throws SQLException {
        RecordMetadata malformed = topic.put(order.id, "no json");
        String letter =
                " from cdc_raw.dead_letters where kafka_topic = '%s' and kafka_partition = %d and kafka_offset = %d"
                        .formatted(malformed.topic(), malformed.partition(), malformed.offset());
        await().atMost(SOON).until(() -> database.number("select count(*)" + letter) == 1);
        long id = database.number("select id" + letter);
        database.execute("update cdc_raw.dead_letters set value = convert_to('%s', 'UTF8') where id = %d"
                .formatted(order.changed(2), id));
        superuser.setAutoCommit(false);
        sql("set local deadlock_timeout = '1h'");
        sql("select from cdc_processed.orders where id = '%s' for update".formatted(order.id));
        long before = deadlocks();
        var answer = CompletableFuture.supplyAsync(() -> post("/dead-letters/{id}/replay", id));
        await().atMost(SOON).until(() -> database.number("select count(*) from pg_locks where not granted") > 0);

        sql("select from cdc_raw.positions where topic = '%s' and partition = %d for update"
                .formatted(malformed.topic(), malformed.partition()));
        superuser.commit();
        superuser.setAutoCommit(true);

        answer.join().then().statusCode(200).body("effect", equalTo("applied"));
        awaitVersion(malformed, 2);
        await().atMost(SOON).until(() -> deadlocks() > before);
    }

    @Test
    void appliesARecordThatCameWhileTheDatabaseWasAway() throws SQLException {
        sql("alter role projection nologin");
        RecordMetadata changed;
        try {
            cutConnections();
            changed = topic.put(order.id, order.changed(2));
            awaitReadiness(503);
            get("/q/health/well")
                    .then()
                    .body("checks.find { it.name == 'feed gaps' }.data.state", equalTo("the database does not answer"));
        } finally {
            sql("alter role projection login");
        }

        awaitVersion(changed, 2);
        assertSetAside(changed, 0);
        awaitReadiness(200);
    }

    @Test
    void appliesAgainWhatACrashOfTheDatabaseTookBack() throws SQLException {
        RecordMetadata changed = topic.put(order.id, order.changed(2));
        awaitVersion(changed, 2);
        sql("""
                begin;
                delete from cdc_processed.orders where id = '%1$s';
                delete from cdc_raw.cdc_events where kafka_topic = '%2$s' and event_key ->> 'id' = '%1$s' and operation = 'u';
                update cdc_raw.positions set next_offset = %4$d where topic = '%2$s' and partition = %3$d;
                commit
                """.formatted(order.id, changed.topic(), changed.partition(), changed.offset()));

        awaitVersion(changed, 2);
        assertSetAside(changed, 0);
    }

    @Test
    void setsAMalformedRecordAsideOnceWhenTheBrokerIsBack() throws Exception {
        superuser.setAutoCommit(false);
        sql("lock table cdc_raw.positions");
        RecordMetadata malformed = topic.put(order.id, "no json");
        RecordMetadata changed = topic.put(order.id, order.changed(2));
        await().atMost(SOON).until(() -> database.number("select count(*) from pg_locks where not granted") > 0);
        signalBroker("STOP");
        try {
            superuser.commit();
            superuser.setAutoCommit(true);
            awaitReadiness(503);
            // the letter could not be sent, so nothing of its batch may be applied
            assertSetAside(malformed, 0);
            get("/orders/{id}", order.id).then().body("version", equalTo(1));
        } finally {
            signalBroker("CONT");
        }

        awaitVersion(changed, 2);
        assertSetAside(changed, 0);
        assertSetAside(malformed, 1);
        assertThat(topic.deadLettersOf(malformed)).isNotEmpty();
        awaitReadiness(200);
    }

    @Test
    void logsAnEventWhoseDayWasDropped() throws SQLException {
        Instant yesterday = Instant.now().minus(1, ChronoUnit.DAYS);
        awaitVersion(putAt(yesterday, order.changed(2)), 2);
        awaitVersion(putAt(yesterday, order.changed(3)), 3); // now the service remembers the day

        sql("drop table cdc_raw.cdc_events_"
                + DateTimeFormatter.BASIC_ISO_DATE.format(LocalDate.ofInstant(yesterday, ZoneOffset.UTC)));
        RecordMetadata changed = putAt(yesterday, order.changed(4));

        awaitVersion(changed, 4);
        assertSetAside(changed, 0);
        assertThat(database.number(
                        "select count(*) from cdc_raw.cdc_events where event_key ->> 'id' = '%s' and kafka_offset = %d"
                                .formatted(order.id, changed.offset())))
                .isOne();
    }

    private RecordMetadata putAt(Instant timestamp, String value) {
        return topic.put(new ProducerRecord<>(
                OrderTopic.NAME,
                null,
                timestamp.toEpochMilli(),
                order.id.toString().getBytes(StandardCharsets.UTF_8),
                value.getBytes(StandardCharsets.UTF_8)));
    }

    /** Waits until the order has this version, which the record set. */
    private void awaitVersion(RecordMetadata record, int version) {
        await(record.toString()).atMost(SOON).untilAsserted(() -> order().statusCode(200)
                .body("version", equalTo(version)));
    }

    private ValidatableResponse order() {
        return get("/orders/{id}", order.id).then();
    }

    private void assertSetAside(RecordMetadata record, long letters) throws SQLException {
        assertThat(database.number(
                        "select count(*) from cdc_raw.dead_letters where kafka_topic = '%s' and kafka_partition = %d"
                                        .formatted(record.topic(), record.partition())
                                + " and kafka_offset = " + record.offset()))
                .isEqualTo(letters);
    }

    private static void awaitReadiness(int status) {
        await().atMost(SOON).until(() -> get("/q/health/ready").statusCode() == status);
    }

    private void cutConnections() throws SQLException {
        sql("select pg_terminate_backend(pid) from pg_stat_activity where usename = 'projection'");
    }

    private long deadlocks() throws SQLException {
        return database.number("select deadlocks from pg_stat_database where datname = current_database()");
    }

    private static void signalBroker(String signal) throws IOException, InterruptedException {
        String pid =
                Files.readString(Path.of("../target/test-services/kafka.pid")).split(" ", -1)[0];
        assertThat(new ProcessBuilder(List.of("kill", "-" + signal, pid))
                        .start()
                        .waitFor())
                .isZero();
    }

    private void sql(String sql) throws SQLException {
        try (var statement = superuser.createStatement()) {
            statement.execute(sql);
        }
    }
}
