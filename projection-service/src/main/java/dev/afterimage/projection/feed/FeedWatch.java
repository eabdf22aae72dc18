package dev.afterimage.projection.feed;

import io.quarkus.logging.Log;
import io.quarkus.runtime.ShutdownEvent;
import io.quarkus.runtime.StartupEvent;
import io.smallrye.reactive.messaging.kafka.KafkaClientService;
import io.smallrye.reactive.messaging.kafka.impl.ReactiveKafkaConsumer;
import io.vertx.core.Vertx;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.event.Observes;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.Set;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicBoolean;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.TimeoutException;

/**
 * Looks at the channel's consumer four times a second, on the consumer's thread: observes the progress, tells Kafka the
 * applied offsets, places partitions again, and joins the group again if the consumer cannot poll.
 */
@ApplicationScoped
class FeedWatch {

    private static final long PERIOD_MS = 250;
    /** For Kafka's lag tools. A commit per batch would cost the broker a write per batch. */
    private static final Duration COMMIT_INTERVAL = Duration.ofSeconds(1);

    private static final Duration COMMIT_TIMEOUT = Duration.ofMillis(500);
    /** After a failed poll the channel waits for about one to two seconds. Otherwise it polls all the time. */
    private static final Duration POLL_LIMIT = Duration.ofSeconds(1);

    private final KafkaClientService kafka;
    private final Vertx vertx;
    private final Feed feed;
    private final Assignment assignment;
    private final TopicWatch topics;
    private final StallWatch stalls;
    private final FeedStatus status;
    private final FeedMetrics metrics;
    private final Duration sessionTimeout;
    private final Outage outage;
    private final AtomicBoolean looking = new AtomicBoolean();
    private long timer;
    // only the consumer's thread uses the fields below
    private Map<TopicPartition, Long> positions = Map.of();
    private Map<TopicPartition, Long> committed = Map.of();
    private Instant committedAt = Instant.EPOCH;
    private double received;
    private Instant heardAt = Instant.now();
    private boolean late;

    FeedWatch(
            KafkaClientService kafka,
            Vertx vertx,
            Feed feed,
            Assignment assignment,
            TopicWatch topics,
            StallWatch stalls,
            FeedStatus status,
            FeedMetrics metrics,
            FeedConfig config) {
        this.kafka = kafka;
        this.vertx = vertx;
        this.feed = feed;
        this.assignment = assignment;
        this.topics = topics;
        this.stalls = stalls;
        this.status = status;
        this.metrics = metrics;
        this.sessionTimeout = config.sessionTimeout();
        this.outage = new Outage(config.maxBackoff());
    }

    void start(@Observes StartupEvent event) {
        timer = vertx.setPeriodic(PERIOD_MS, _ -> {
            if (!assignment.isStopping() && looking.compareAndSet(false, true)) {
                channel()
                        .runOnPollingThread(this::look)
                        .onTermination()
                        .invoke(() -> looking.set(false))
                        .subscribe()
                        .with(_ -> {}, this::failed);
            }
        });
    }

    void stop(@Observes ShutdownEvent event) {
        vertx.cancelTimer(timer);
    }

    private ReactiveKafkaConsumer<byte[], byte[]> channel() {
        return (ReactiveKafkaConsumer<byte[], byte[]>) kafka.<byte[], byte[]>getConsumer(FeedChannel.NAME);
    }

    private void failed(Throwable failure) {
        if (failure instanceof RejectedExecutionException) { // the consumer is closed, and its thread has ended
            status.is(FeedState.STOPPED);
        } else {
            Log.debugf(failure, "cannot look at the consumer");
        }
    }

    private void look(Consumer<byte[], byte[]> consumer) {
        if (cannotPoll(consumer)) {
            joinAgain(consumer);
            return;
        }
        try {
            topics.look();
            assignment.placeAgain(consumer);
        } catch (SQLException | KafkaException e) {
            Log.debugf(e, "cannot place the partitions again");
        }
        boolean caughtUp = observe(consumer);
        FeedState state = state(consumer);
        if (state != FeedState.FOLLOWING || !feed.isBusy()) {
            status.is(state);
        }
        if (caughtUp && state == FeedState.FOLLOWING) {
            status.caughtUp();
            outage.isOver();
        }
    }

    /** Updates the progress, and returns whether all records are applied. */
    private boolean observe(Consumer<byte[], byte[]> consumer) {
        Map<TopicPartition, Long> nextOffsets = assignment.nextOffsets();
        Map<TopicPartition, Long> before = positions;
        positions = new HashMap<>();
        Map<TopicPartition, Long> applied = new HashMap<>();
        List<FeedProgress.Partition> progress = new ArrayList<>();
        boolean isQuiet = !feed.isBusy();
        boolean caughtUp = isQuiet;
        for (Map.Entry<TopicPartition, Long> each : nextOffsets.entrySet()) {
            TopicPartition partition = each.getKey();
            long next = each.getValue();
            long position = position(consumer, partition, next);
            positions.put(partition, position);
            // the consumer's position also counts transaction markers, which are not records. Records that are on their
            // way to the feed are applied within a moment
            if (isQuiet && before.getOrDefault(partition, -1L) == position) {
                next = position;
            }
            OptionalLong unread = consumer.currentLag(partition);
            OptionalLong lag = unread.isPresent() ? OptionalLong.of(unread.getAsLong() + position - next) : unread;
            caughtUp &= lag.isPresent() && lag.getAsLong() == 0;
            applied.put(partition, next);
            progress.add(FeedProgress.Partition.of(partition.topic(), partition.partition(), next, lag));
        }
        status.partitions(progress);
        metrics.record(progress);
        stalls.look(nextOffsets, positions);
        commit(consumer, applied);
        return caughtUp;
    }

    private static long position(Consumer<byte[], byte[]> consumer, TopicPartition partition, long otherwise) {
        try {
            return consumer.position(partition, Duration.ZERO);
        } catch (TimeoutException e) {
            return otherwise; // the consumer is validating the position after a change of the partition's leader
        }
    }

    private void commit(Consumer<byte[], byte[]> consumer, Map<TopicPartition, Long> applied) {
        Instant now = Instant.now();
        if (applied.equals(committed) || now.isBefore(committedAt.plus(COMMIT_INTERVAL))) {
            return;
        }
        Map<TopicPartition, OffsetAndMetadata> offsets = new HashMap<>();
        applied.forEach((partition, next) -> offsets.put(partition, new OffsetAndMetadata(next)));
        try {
            // not commitAsync: after an asynchronous commit that was fenced, the consumer fails for ever
            consumer.commitSync(offsets, COMMIT_TIMEOUT);
        } catch (KafkaException e) {
            Log.debugf("Kafka did not take the offsets %s: %s", offsets, e.getMessage());
        }
        committed = applied;
        committedAt = now;
    }

    private FeedState state(Consumer<byte[], byte[]> consumer) {
        if (metric(consumer, "connection-count") == 0 || isSilent(consumer)) {
            return FeedState.BROKER_LOST;
        }
        return assignment.hasJoined() ? FeedState.FOLLOWING : FeedState.STARTING;
    }

    /**
     * Whether the broker hangs. A broker that hangs keeps its connections open but sends no bytes; a healthy broker
     * answers heartbeats and fetches.
     */
    private boolean isSilent(Consumer<byte[], byte[]> consumer) {
        double now = metric(consumer, "incoming-byte-total");
        if (now != received) {
            received = now;
            heardAt = Instant.now();
        }
        return heardAt.plus(sessionTimeout).isBefore(Instant.now());
    }

    /** Whether the last poll began too long ago, at this look and at the one before. */
    private boolean cannotPoll(Consumer<byte[], byte[]> consumer) {
        boolean wasLate = late;
        late = metric(consumer, "last-poll-seconds-ago") >= POLL_LIMIT.toSeconds()
                && assignment.changedAt().plus(POLL_LIMIT).isBefore(Instant.now());
        return late && wasLate;
    }

    /**
     * Polls once for the reason, and starts again from the positions in the database. This helps after a gap in the
     * log, after the loss of the group's instance id, and after an error in a fetched batch.
     */
    private void joinAgain(Consumer<byte[], byte[]> consumer) {
        late = false;
        status.is(FeedState.WAITING);
        Set<String> topics = Set.copyOf(consumer.subscription());
        try {
            var _ = consumer.poll(Duration.ZERO);
        } catch (RuntimeException | Error e) { // for example, the native library of a codec does not load
            var _ = outage.goesOn("The consumer cannot poll, so it joins the group again", e);
        }
        try {
            consumer.unsubscribe();
        } catch (KafkaException e) {
            Log.debugf(e, "cannot leave the group");
        }
        consumer.subscribe(topics, channel().getRebalanceListener());
    }

    private static double metric(Consumer<byte[], byte[]> consumer, String name) {
        return consumer.metrics().values().stream()
                .filter(metric -> metric.metricName().name().equals(name)
                        && metric.metricName().group().equals("consumer-metrics"))
                .map(metric -> ((Number) metric.metricValue()).doubleValue())
                .findFirst()
                .orElseThrow();
    }
}
