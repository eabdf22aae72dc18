package dev.afterimage.projection.audit;

import dev.afterimage.projection.feed.Gaps;
import dev.afterimage.projection.sql.Database;
import dev.afterimage.projection.sql.DatabaseAway;
import dev.afterimage.projection.sql.Sql;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.quarkus.logging.Log;
import io.quarkus.runtime.Startup;
import io.quarkus.scheduler.Scheduled;
import io.smallrye.common.annotation.Identifier;
import io.smallrye.health.api.Wellness;
import jakarta.annotation.PreDestroy;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.inject.Produces;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AdminClientConfig;
import org.apache.kafka.clients.admin.ListOffsetsResult;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.eclipse.microprofile.health.HealthCheck;
import org.eclipse.microprofile.health.HealthCheckResponse;
import org.jspecify.annotations.Nullable;

/**
 * The age of the oldest change that the replica's sink has not read: the sink's offsets compared with the event log, which
 * has the same records. It is 0 when there is no sink. Also adds a gap if records are deleted before the sink reads them.
 */
@ApplicationScoped
@Startup
class ReplicaLag {

    /** A sink commits the offset of a tombstone with the next record, so a tombstone does not count. */
    private static final String OLDEST = """
            select min(record.kafka_timestamp) as oldest
              from unnest(?::text[], ?::int[], ?::bigint[]) as read(topic, partition, next)
             cross join lateral (
                   select kafka_timestamp
                     from cdc_raw.cdc_events
                    where kafka_topic = read.topic and kafka_partition = read.partition
                      and kafka_offset >= read.next and operation <> 'tombstone'
                    order by kafka_offset
                    limit 1) as record
            """;

    private static final int ANSWER_LIMIT_MS = 4_000;

    private final Map<String, Object> kafka;
    private final Database database;
    private final Gaps gaps;
    private final AuditConfig config;
    private @Nullable Admin admin;
    private volatile @Nullable Instant oldest;

    ReplicaLag(
            @Identifier("default-kafka-broker") Map<String, Object> kafka,
            Database database,
            Gaps gaps,
            AuditConfig config,
            MeterRegistry registry) {
        this.kafka = kafka;
        this.database = database;
        this.gaps = gaps;
        this.config = config;
        Gauge.builder("replica.lag.age", this, lag -> lag.age().toMillis() / 1000.0)
                .description("age of the oldest change that the replica's sink has not read")
                .baseUnit("seconds")
                .strongReference(true)
                .register(registry);
    }

    /** While Kafka or the database is away, the age grows from its last value. */
    @Scheduled(every = "5s", concurrentExecution = Scheduled.ConcurrentExecution.SKIP)
    void look() throws InterruptedException {
        try {
            Map<TopicPartition, Long> next = next();
            oldest = oldest(next);
            findGaps(next);
        } catch (ExecutionException | KafkaException | DatabaseAway e) {
            Log.debugf("The lag of the replica is unknown: %s", e.getMessage());
        }
    }

    private Admin admin() {
        if (admin == null) {
            Map<String, Object> settings = new HashMap<>(kafka);
            settings.put(AdminClientConfig.DEFAULT_API_TIMEOUT_MS_CONFIG, ANSWER_LIMIT_MS);
            settings.put(AdminClientConfig.REQUEST_TIMEOUT_MS_CONFIG, ANSWER_LIMIT_MS);
            admin = Admin.create(settings);
        }
        return admin;
    }

    /** The offsets that the sink reads next. */
    private Map<TopicPartition, Long> next() throws InterruptedException, ExecutionException {
        Map<TopicPartition, Long> known = new HashMap<>();
        Map<TopicPartition, OffsetAndMetadata> committed = admin().listConsumerGroupOffsets(
                        config.replica().group())
                .partitionsToOffsetAndMetadata()
                .get();
        committed.forEach((partition, next) -> {
            if (next != null && config.replica().topics().contains(partition.topic())) {
                known.put(partition, next.offset());
            }
        });
        return known;
    }

    /** A sink that is behind the beginning of a topic continues there without a word. */
    private void findGaps(Map<TopicPartition, Long> next) throws InterruptedException, ExecutionException {
        Map<TopicPartition, OffsetSpec> earliest = new HashMap<>();
        next.keySet().forEach(partition -> earliest.put(partition, OffsetSpec.earliest()));
        ListOffsetsResult found = admin().listOffsets(earliest);
        for (Map.Entry<TopicPartition, Long> each : next.entrySet()) {
            long first = found.partitionResult(each.getKey()).get().offset();
            if (first > each.getValue()) {
                gaps.addOfReplica(each.getKey(), each.getValue(), first);
            }
        }
    }

    private @Nullable Instant oldest(Map<TopicPartition, Long> known) {
        List<TopicPartition> partitions = List.copyOf(known.keySet());
        return database
                .select(
                        OLDEST,
                        List.of(
                                partitions.stream().map(TopicPartition::topic).toArray(String[]::new),
                                partitions.stream()
                                        .map(TopicPartition::partition)
                                        .toArray(Integer[]::new),
                                partitions.stream().map(known::get).toArray(Long[]::new)),
                        Sql.Reader.ofEach(
                                row -> row.getObject("oldest") == null ? Instant.MAX : Sql.instant(row, "oldest")))
                .stream()
                .filter(Instant.MAX::isAfter)
                .findFirst()
                .orElse(null);
    }

    private Duration age() {
        Instant since = oldest;
        Duration age = since == null ? Duration.ZERO : Duration.between(since, Instant.now());
        return age.isNegative() ? Duration.ZERO : age;
    }

    /** Up while the replica keeps up. Does not affect readiness: the read model does not depend on the replica. */
    @Produces
    @Wellness
    HealthCheck well() {
        return () -> {
            Duration age = age();
            return HealthCheckResponse.named("replica lag")
                    .status(age.compareTo(config.maxReplicaLag()) <= 0)
                    .withData("oldestUnreadMs", age.toMillis())
                    .build();
        };
    }

    @PreDestroy
    void close() {
        if (admin != null) {
            admin.close(Duration.ZERO);
        }
    }
}
