package dev.afterimage.cli;

import static dev.afterimage.cli.TestPipeline.EVENTS;
import static dev.afterimage.cli.TestPipeline.LIMIT;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.afterimage.cli.service.RestService;
import dev.afterimage.testing.Prometheus;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.Statement;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.UUID;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.StringSerializer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** The alerts on a real Prometheus, their faults caused and cured; those of connectors that fail are in {@link RecoveryIT}. */
@ExtendWith(TestPipeline.Shared.class)
@Order(2) // mostly waits, like RecoveryIT
class AlertsIT {

    @TempDir
    Path folder;

    @Test
    void aFaultFiresItsAlertsAndItsCureEndsThem(TestPipeline pipeline) throws Exception {
        Path program = Prometheus.program("prometheus");
        RestService projection = pipeline.projection();
        try (Alerts alerts = new Alerts(program, pipeline.config(), folder);
                Connection source = pipeline.database("orders").connect();
                Statement outbox = source.createStatement();
                Connection hanging = pipeline.database("projection").connect();
                Statement model = hanging.createStatement()) {
            RestService.expect(202, projection.post("/audits", Map.of()));
            await().atMost(LIMIT).ignoreExceptions().untilAsserted(() -> {
                pipeline.placed();
                for (String query : Prometheus.queries(Alerts.FOLDER.resolve("dashboards"))) {
                    assertThat(alerts.result(query)).as(query).isNotEmpty();
                }
            });
            alerts.awaitFiring();
            // inserted and not deleted again, with an image that no consumer can read
            outbox.execute("""
                    insert into outbox (id, aggregate_type, aggregate_id, type, payload, created_at)
                    values (gen_random_uuid(), 'order', gen_random_uuid(), 'OrderPlaced', '{}', now())
                    """);
            alerts.awaitFiring("OutboxNotEmpty", "DeadLetters");
            hanging.setAutoCommit(false);
            model.execute("lock table cdc_raw.positions");
            publishTwoMinutesAgo(pipeline.kafka().bootstrapServers());
            alerts.awaitFiring("OutboxNotEmpty", "DeadLetters", "ConsumerStopped", "Behind");

            hanging.rollback();
            outbox.execute("delete from outbox");
            pipeline.discardDeadLetters();
            alerts.awaitFiring();
        }
    }

    /** Nothing to apply, but old: a delete of what never was. */
    private static void publishTwoMinutesAgo(String bootstrapServers) throws Exception {
        try (KafkaProducer<String, String> producer = new KafkaProducer<>(
                Map.of("bootstrap.servers", bootstrapServers), new StringSerializer(), new StringSerializer())) {
            long then = Instant.now().minus(Duration.ofMinutes(2)).toEpochMilli();
            producer.send(new ProducerRecord<>(
                            EVENTS, null, then, UUID.randomUUID().toString(), (String) null))
                    .get();
        }
    }
}
