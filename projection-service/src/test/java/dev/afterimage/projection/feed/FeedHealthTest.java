package dev.afterimage.projection.feed;

import static io.restassured.RestAssured.get;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.hamcrest.Matchers.equalTo;
import static org.hamcrest.Matchers.greaterThan;

import dev.afterimage.projection.Alone;
import dev.afterimage.projection.OrderEvents;
import dev.afterimage.projection.OrderTopic;
import dev.afterimage.projection.change.EnvelopeReader;
import dev.afterimage.projection.change.FeedTopics;
import dev.afterimage.projection.change.Loggable;
import dev.afterimage.projection.change.RowReader;
import dev.afterimage.projection.change.TopicReader;
import io.quarkus.test.junit.QuarkusMock;
import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.TestProfile;
import io.smallrye.reactive.messaging.kafka.KafkaClientService;
import io.smallrye.reactive.messaging.kafka.impl.ReactiveKafkaConsumer;
import jakarta.inject.Inject;
import java.nio.charset.StandardCharsets;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Map;
import javax.sql.DataSource;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.eclipse.microprofile.config.inject.ConfigProperty;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;

/** The last test ends the channel, so this class must run last in its profile; its name ensures that. */
@QuarkusTest
@TestProfile(Alone.class)
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
class FeedHealthTest {

    private static final Duration SOON = Duration.ofSeconds(30);

    @Inject
    @ConfigProperty(name = "kafka.bootstrap.servers")
    String bootstrapServers;

    @Inject
    DataSource dataSource;

    @Inject
    EnvelopeReader envelopes;

    @Inject
    RowReader rows;

    @Inject
    FeedTopics config;

    @Inject
    KafkaClientService kafka;

    @Test
    @Order(1)
    void turnsDownWhileTheFeedHangsAndUpWhenItHasCaughtUp() throws SQLException {
        await().atMost(SOON).until(() -> status("ready") == 200 && status("well") == 200);
        var order = new OrderEvents();
        try (var connection = dataSource.getConnection();
                var statement = connection.createStatement();
                var topic = new OrderTopic(bootstrapServers)) {
            connection.setAutoCommit(false);
            statement.execute("lock table cdc_raw.positions");
            topic.put(order.id, order.placed());

            await().atMost(SOON).until(() -> status("well") == 503 && status("ready") == 503);
            get("/q/health/well")
                    .then()
                    .body("checks.find { it.name == 'feed lag' }.data.oldestUnappliedMs", greaterThan(2000));
            assertThat(status("live")).isEqualTo(200);
            assertThat(lagSeconds()).isGreaterThan(2);
            connection.rollback();
        }

        await().atMost(SOON).until(() -> status("ready") == 200 && status("well") == 200);
        assertThat(lagSeconds()).isZero();
    }

    @Test
    @Order(2)
    void isNotReadyFromAnErrorUntilTheRecordIsApplied() {
        await().atMost(SOON).until(() -> status("ready") == 200);
        var order = new OrderEvents();
        try (var topic = new OrderTopic(bootstrapServers)) {
            QuarkusMock.installMockForType(new Unloadable(envelopes, rows, config), TopicReader.class);
            topic.put(order.id, order.placed());
            await().atMost(SOON).until(() -> status("ready") == 503);
            // also while the next consumer polls without result
            await().during(Duration.ofSeconds(2)).atMost(SOON).until(() -> status("ready") == 503);
            assertThat(status("live")).isEqualTo(200);
            QuarkusMock.installMockForType(new TopicReader(envelopes, rows, config), TopicReader.class);
        }

        await().atMost(SOON).until(() -> status("ready") == 200);
        get("/orders/{id}", order.id).then().statusCode(200);
    }

    /** Fails like a codec whose native library does not load. */
    private static final class Unloadable extends TopicReader {
        Unloadable(EnvelopeReader envelopes, RowReader rows, FeedTopics config) {
            super(envelopes, rows, config);
        }

        @Override
        public Loggable read(String topic, byte @Nullable [] key, byte @Nullable [] value) {
            throw new UnsatisfiedLinkError("no such codec");
        }
    }

    @Test
    @Order(3)
    void isNotWellWhileAnOpenTransactionHidesRecords() {
        await().atMost(SOON).until(() -> status("ready") == 200 && status("well") == 200);
        var order = new OrderEvents();
        var other = new OrderEvents();
        Map<String, Object> stranger = Map.of(
                "bootstrap.servers", bootstrapServers, "transactional.id", "stranger", "delivery.timeout.ms", 120_000);
        try (var topic = new OrderTopic(bootstrapServers);
                var producer = new KafkaProducer<>(stranger, new ByteArraySerializer(), new ByteArraySerializer())) {
            int partition = topic.put(order.id, order.placed()).partition();
            await().atMost(SOON).until(() -> get("/orders/{id}", order.id).statusCode() == 200);
            producer.initTransactions();
            producer.beginTransaction();
            var _ = producer.send(new ProducerRecord<>(
                    OrderTopic.NAME, partition, bytes(other.id.toString()), bytes(other.placed())));
            producer.flush();
            topic.put(order.id, order.changed(2));

            await().atMost(SOON).until(() -> status("well") == 503);
            assertThat(lagSeconds()).isGreaterThan(2);
            assertThat(status("ready")).isEqualTo(200);
            get("/orders/{id}", order.id).then().body("version", equalTo(1));
            producer.abortTransaction();
        }

        await().atMost(SOON).until(() -> status("well") == 200);
        get("/orders/{id}", order.id).then().body("version", equalTo(2));
        assertThat(lagSeconds()).isZero();
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    @Test
    @Order(4)
    void isDeadOnceTheChannelHasEnded() {
        assertThat(status("live")).isEqualTo(200);

        ((ReactiveKafkaConsumer<?, ?>) kafka.getConsumer("feed")).close();

        await().atMost(SOON).until(() -> status("live") == 503);
        get("/q/health/ready")
                .then()
                .statusCode(503)
                .body("checks.find { it.name == 'feed' }.data.state", equalTo("has stopped"));
    }

    private static int status(String check) {
        return get("/q/health/" + check).statusCode();
    }

    private static double lagSeconds() {
        return get("/q/metrics")
                .asString()
                .lines()
                .filter(line -> line.startsWith("feed_lag_age_seconds"))
                .mapToDouble(line -> Double.parseDouble(line.replaceAll("^.* ", "")))
                .findFirst()
                .orElseThrow();
    }
}
