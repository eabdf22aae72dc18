package dev.afterimage.projection.feed;

import dev.afterimage.projection.change.TopicReader;
import io.quarkus.logging.Log;
import io.quarkus.runtime.ShutdownEvent;
import io.quarkus.runtime.StartupEvent;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.event.Observes;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.FencedInstanceIdException;
import org.apache.kafka.common.errors.InterruptException;
import org.apache.kafka.common.errors.WakeupException;
import org.jspecify.annotations.Nullable;

/**
 * Reads the topics in its own thread and applies the records of each partition. An error of the database or the broker
 * does not end the feed; it tries again until it is stopped.
 */
@ApplicationScoped
public class Feed {

    private static final Duration STOP_TIMEOUT = Duration.ofSeconds(8);

    private final FeedConfig config;
    private final Subscriptions subscriptions;
    private final TopicReader reader;
    private final BatchApplier applier;
    private final OutcomePublisher publisher;
    private final FeedLag lag;
    private final FeedMetrics metrics;
    private final Outage outage;
    private final CountDownLatch stopping = new CountDownLatch(1);
    private final Thread thread = Thread.ofPlatform().name("feed").unstarted(this::run);
    private final ExecutorService workers;
    private volatile @Nullable Subscription subscription;
    private volatile FeedState state = FeedState.STARTING;
    private volatile List<FeedProgress.Partition> progress = List.of();
    private volatile @Nullable Instant lastProgress;
    /**
     * Whether the consumer failed, and the next consumer has not caught up yet. Until then the same record may make it
     * fail again.
     */
    private boolean broken;
    /** The partitions whose last batch failed. Only the feed's thread uses this field. */
    private final Set<TopicPartition> failed = new HashSet<>();

    Feed(
            FeedConfig config,
            Subscriptions subscriptions,
            TopicReader reader,
            BatchApplier applier,
            OutcomePublisher publisher,
            FeedLag lag,
            FeedMetrics metrics) {
        this.config = config;
        this.subscriptions = subscriptions;
        this.reader = reader;
        this.applier = applier;
        this.publisher = publisher;
        this.lag = lag;
        this.metrics = metrics;
        this.outage = new Outage(config.maxBackoff());
        this.workers = Executors.newFixedThreadPool(
                config.workers(), Thread.ofPlatform().name("feed-", 1).factory());
    }

    FeedState state() {
        return thread.getState() == Thread.State.TERMINATED ? FeedState.STOPPED : state;
    }

    /** The time when the feed last applied a record or found none to apply; null until it follows its partitions. */
    @Nullable Instant lastProgress() {
        return lastProgress;
    }

    /** The progress of this instance; does not query the broker. */
    public FeedProgress progress() {
        return FeedProgress.of(state, progress);
    }

    void start(@Observes StartupEvent event) {
        thread.start();
    }

    /** Waits for the current batch, then commits the offsets and leaves the group. */
    void stop(@Observes ShutdownEvent event) throws InterruptedException {
        stopping.countDown();
        Subscription current = subscription;
        if (current != null) {
            current.wakeup();
        }
        if (!thread.join(STOP_TIMEOUT)) {
            Log.warn("The feed did not stop in time; what it had not committed is applied at the next start");
        }
    }

    private void run() {
        while (!isStopping()) {
            try (Subscription opened = subscriptions.open()) {
                subscription = opened;
                follow(opened);
            } catch (WakeupException e) {
                // only stop() wakes the consumer
            } catch (FencedInstanceIdException e) {
                // pauses for a session timeout; otherwise two processes with the same instance id would fence each
                // other without end
                goesOn("Another process took over feed.instance-id, which must be unique", e);
                pause(config.sessionTimeout());
            } catch (RuntimeException | Error e) { // for example, the native library of a codec does not load
                broken = true;
                pause("The feed lost its consumer", e);
            }
        }
        workers.close();
    }

    private void follow(Subscription current) {
        while (!isStopping()) {
            var records = current.poll();
            try {
                current.place();
                if (!records.isEmpty()) {
                    lag.received(oldest(records), !failed.isEmpty());
                    apply(current, records);
                }
                progress = current.progress();
                metrics.record(progress);
                broken &= !current.isCaughtUp();
                if (!broken) {
                    state = current.state();
                    if (state == FeedState.FOLLOWING) {
                        failed.retainAll(current.nextOffsets().keySet());
                        lastProgress = Instant.now();
                    }
                    if (failed.isEmpty()) {
                        outage.isOver();
                    }
                }
                if (!current.lags() && failed.isEmpty()) {
                    lag.caughtUp();
                }
            } catch (PositionLost e) {
                Log.warnf("Going back to the position in the database: %s", e.getMessage());
                current.placeAgain(records.partitions());
            } catch (SQLException e) {
                current.placeAgain(records.partitions());
                pause("The database does not apply " + failed, e);
            } catch (WakeupException e) {
                throw e;
            } catch (KafkaException e) {
                current.placeAgain(records.partitions());
                pause("The broker does not answer", e);
            }
        }
    }

    /**
     * Applies each partition in its own transactions, several partitions at the same time. A key is in one partition
     * only, so these transactions do not conflict. After a failure all partitions are tried again; the stored positions
     * show which records are applied already.
     */
    private void apply(Subscription current, ConsumerRecords<byte[], byte[]> records)
            throws SQLException, PositionLost {
        Instant receivedAt = Instant.now();
        Map<TopicPartition, Future<?>> running = new HashMap<>();
        for (TopicPartition partition : records.partitions()) {
            running.put(partition, workers.submit(() -> {
                apply(current, records.records(partition), receivedAt);
                return null;
            }));
        }
        List<Throwable> failures = new ArrayList<>();
        for (Map.Entry<TopicPartition, Future<?>> each : running.entrySet()) {
            try {
                each.getValue().get();
                failed.remove(each.getKey());
            } catch (ExecutionException e) {
                failures.add(e.getCause());
                failed.add(each.getKey());
            } catch (InterruptedException e) {
                throw new InterruptException(e);
            }
        }
        for (Throwable failure : failures) {
            switch (failure) {
                case SQLException e -> throw e;
                case PositionLost e -> throw e;
                case RuntimeException e -> throw e;
                case Error e -> throw e;
                default -> throw new IllegalStateException(failure);
            }
        }
        current.commitSoon(records.nextOffsets());
    }

    private void apply(Subscription current, List<ConsumerRecord<byte[], byte[]>> records, Instant receivedAt)
            throws SQLException, PositionLost {
        for (int from = 0; from < records.size(); from += config.maxBatch()) {
            List<Incoming> batch = records.subList(from, Math.min(records.size(), from + config.maxBatch())).stream()
                    .map(record -> Incoming.of(record, reader))
                    .toList();
            current.acceptResetLogs(batch);
            applier.apply(batch, current.nextOffsets(), outcomes -> {
                current.markApplied(outcomes);
                lastProgress = Instant.now();
                publisher.publish(outcomes, receivedAt);
            });
        }
    }

    private static Instant oldest(ConsumerRecords<byte[], byte[]> records) {
        long oldest = Long.MAX_VALUE;
        for (ConsumerRecord<byte[], byte[]> record : records) {
            oldest = Math.min(oldest, record.timestamp());
        }
        return Instant.ofEpochMilli(oldest);
    }

    private void pause(String what, Throwable cause) {
        pause(goesOn(what, cause));
    }

    private Duration goesOn(String what, Throwable cause) {
        state = FeedState.WAITING;
        return isStopping() ? Duration.ZERO : outage.goesOn(what, cause);
    }

    private void pause(Duration pause) {
        try {
            boolean _ = stopping.await(pause.toMillis(), TimeUnit.MILLISECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private boolean isStopping() {
        return stopping.getCount() == 0 || Thread.currentThread().isInterrupted();
    }
}
