package dev.afterimage.projection.audit;

import static io.restassured.RestAssured.get;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.quarkus.test.junit.QuarkusTest;
import jakarta.inject.Inject;
import java.time.Duration;
import java.util.Map;
import java.util.Set;
import javax.sql.DataSource;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.TopicPartition;
import org.eclipse.microprofile.config.inject.ConfigProperty;
import org.junit.jupiter.api.Test;

@QuarkusTest
class ReplicaLagTest {

    private static final String GROUP = "connect-replica-sink";
    private static final TopicPartition PARTITION = new TopicPartition("cdc.public.products", 0);
    /** Beyond all records of other tests. */
    private static final long OFFSET = 1_000_000_000;

    @Inject
    @ConfigProperty(name = "kafka.bootstrap.servers")
    String bootstrapServers;

    @Inject
    DataSource dataSource;

    @Test
    void tellsTheAgeOfTheOldestChangeThatTheSinkHasNotRead() throws Exception {
        try (Admin kafka = Admin.create(Map.of("bootstrap.servers", bootstrapServers))) {
            log(OFFSET, "u");
            log(OFFSET + 1, "tombstone");
            sinkReads(kafka, OFFSET);
            await().atMost(Duration.ofSeconds(30)).until(() -> status().equals("DOWN"));
            assertThat(get("/q/metrics").asString()).containsPattern("(?m)^replica_lag_age_seconds [1-9][0-9]+\\.");

            sinkReads(kafka, OFFSET + 1);
            await().atMost(Duration.ofSeconds(30)).until(() -> status().equals("UP"));
            assertThat(get("/q/metrics").asString()).containsPattern("(?m)^replica_lag_age_seconds 0\\.0");
            kafka.deleteConsumerGroupOffsets(GROUP, Set.of(PARTITION)).all().get();
        } finally {
            execute("delete from cdc_raw.cdc_events where kafka_offset >= " + OFFSET);
        }
    }

    private static void sinkReads(Admin kafka, long next) throws Exception {
        kafka.alterConsumerGroupOffsets(GROUP, Map.of(PARTITION, new OffsetAndMetadata(next)))
                .all()
                .get();
    }

    private static String status() {
        return get("/q/health/well")
                .path("checks.find { it.name == 'replica lag' }.status")
                .toString();
    }

    /** A record of two minutes ago. */
    private void log(long offset, String operation) throws Exception {
        execute("""
                select cdc_raw.open_day((now() at time zone 'UTC' - interval '2 min')::date);
                insert into cdc_raw.cdc_events (source_table, operation, event_key, kafka_topic, kafka_partition,
                                                kafka_offset, kafka_timestamp, event_timestamp)
                values ('products', '%s', '{}', '%s', %d, %d, now() - interval '2 min', now())
                """.formatted(operation, PARTITION.topic(), PARTITION.partition(), offset));
    }

    private void execute(String sql) throws Exception {
        try (var connection = dataSource.getConnection();
                var statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }
}
