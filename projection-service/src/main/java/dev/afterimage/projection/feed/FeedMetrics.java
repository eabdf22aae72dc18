package dev.afterimage.projection.feed;

import dev.afterimage.projection.change.Effect;
import dev.afterimage.projection.change.Envelope;
import dev.afterimage.projection.change.Operation;
import dev.afterimage.projection.change.Tombstone;
import dev.afterimage.projection.view.ChainBreak;
import io.micrometer.core.instrument.DistributionSummary;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.MultiGauge;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.Timer;
import io.quarkus.runtime.Startup;
import jakarta.enterprise.context.ApplicationScoped;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import org.apache.kafka.common.TopicPartition;
import org.jspecify.annotations.Nullable;

/** The metrics of the feed. */
@ApplicationScoped
@Startup
class FeedMetrics {

    /** A timer counts nanoseconds in a long, and an event may be thousands of years old. */
    private static final Duration LONGEST = Duration.ofDays(365);

    private record Kind(String topic, String operation, Effect effect) {}

    private final MeterRegistry registry;
    private final DistributionSummary batchSize;
    private final Timer latency;
    private final Map<Stage, Timer> stages = new HashMap<>();
    private final MultiGauge lag;
    private volatile Map<TopicPartition, Long> lags = Map.of();

    FeedMetrics(MeterRegistry registry, FeedStatus status) {
        this.registry = registry;
        batchSize = DistributionSummary.builder("feed.batch.size")
                .description("records applied in one transaction")
                .publishPercentiles(0.5, 0.99)
                .register(registry);
        latency = timer(
                        "feed.commit.to.applied",
                        "from the event's ts_ms to the commit of the transaction that applied it")
                .register(registry);
        for (Stage stage : Stage.values()) {
            stages.put(
                    stage,
                    timer("feed.stage", "a part of the time from the event's ts_ms to the commit here")
                            .tag("stage", stage.label())
                            .register(registry));
        }
        Gauge.builder("feed.lag.age", status, feed -> feed.lagAge().toMillis() / 1000.0)
                .description("age of the oldest record that is not applied")
                .baseUnit("seconds")
                .strongReference(true)
                .register(registry);
        // the lag does not show a feed that hangs, because such a feed receives no new records
        Gauge.builder("feed.progress.age", status, feed -> feed.progressAge().toMillis() / 1000.0)
                .description(
                        "since the feed last applied something or found nothing to apply; since the start, before that")
                .baseUnit("seconds")
                .strongReference(true)
                .register(registry);
        lag = MultiGauge.builder("feed.lag")
                .description("offsets of the partition that are not applied yet")
                .register(registry);
    }

    private static Timer.Builder timer(String name, String description) {
        return Timer.builder(name)
                .description(description)
                .publishPercentiles(0.5, 0.9, 0.99)
                .publishPercentileHistogram()
                .minimumExpectedValue(Duration.ofMillis(1))
                .maximumExpectedValue(Duration.ofSeconds(10));
    }

    /** Sets the lag of each partition, and removes partitions that this instance no longer has. */
    void record(List<FeedProgress.Partition> progress) {
        Map<TopicPartition, Long> now = new HashMap<>();
        for (FeedProgress.Partition each : progress) {
            if (each.lag() != null) {
                now.put(new TopicPartition(each.topic(), each.partition()), each.lag());
            }
        }
        boolean others = !now.keySet().equals(lags.keySet());
        lags = now;
        if (others) {
            lag.register(now.keySet().stream().map(this::row).toList(), true);
        }
    }

    private MultiGauge.Row<?> row(TopicPartition partition) {
        return MultiGauge.Row.of(
                Tags.of("topic", partition.topic(), "partition", Integer.toString(partition.partition())),
                () -> lags.get(partition));
    }

    /** Records the size of the batch, and the age of its events when they were applied, in total and by stage. */
    void time(List<Outcome> outcomes, Instant receivedAt, Instant appliedAt) {
        batchSize.record(outcomes.size());
        for (Outcome outcome : outcomes) {
            if (outcome.effect() == Effect.APPLIED
                    && outcome.received() instanceof ReceivedRecord.Event event
                    && event.change() instanceof Envelope envelope) {
                Instant connectAt = Instant.ofEpochMilli(event.record().timestamp());
                latency.record(duration(envelope.committedAt(), appliedAt));
                record(Stage.COMMIT_TO_CONNECT, envelope.committedAt(), connectAt);
                record(Stage.CONNECT_TO_VISIBLE, connectAt, receivedAt);
                record(Stage.VISIBLE_TO_APPLIED, receivedAt, appliedAt);
            }
        }
    }

    private void record(Stage stage, Instant from, Instant to) {
        Objects.requireNonNull(stages.get(stage)).record(duration(from, to));
    }

    /** At most {@link #LONGEST}, and zero if an event is from the future. */
    private static Duration duration(Instant from, Instant to) {
        Duration took = Duration.between(from, to);
        return took.isNegative() ? Duration.ZERO : took.compareTo(LONGEST) > 0 ? LONGEST : took;
    }

    /** Counts the records of each effect, and the chain breaks. */
    void count(List<Outcome> outcomes) {
        Map<Kind, Integer> counts = new HashMap<>();
        for (Outcome outcome : outcomes) {
            var topic = outcome.received().record().topic();
            counts.merge(new Kind(topic, operation(outcome.received()), outcome.effect()), 1, Integer::sum);
            ChainBreak chainBreak = outcome.result().chainBreak();
            if (chainBreak != null) {
                registry.counter(
                                "feed.chain.broken",
                                "topic",
                                topic,
                                "rule",
                                chainBreak.rule().label())
                        .increment();
            }
        }
        counts.forEach((kind, count) -> registry.counter(
                        "feed.records",
                        "topic",
                        kind.topic(),
                        "operation",
                        kind.operation(),
                        "effect",
                        kind.effect().label())
                .increment(count));
    }

    private static String operation(ReceivedRecord received) {
        return switch (received) {
            case ReceivedRecord.Malformed _ -> "unreadable";
            case ReceivedRecord.Row row -> name(row.change().op());
            case ReceivedRecord.Event event ->
                switch (event.change()) {
                    case Envelope envelope -> name(envelope.op());
                    case Tombstone _ -> name(null);
                };
        };
    }

    private static String name(@Nullable Operation op) {
        return op == null ? "tombstone" : op.name().toLowerCase(Locale.ROOT);
    }
}
