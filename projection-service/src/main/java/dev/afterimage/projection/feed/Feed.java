package dev.afterimage.projection.feed;

import dev.afterimage.projection.change.Effect;
import dev.afterimage.projection.change.EnvelopeReader;
import dev.afterimage.projection.change.MalformedRecord;
import dev.afterimage.projection.live.LiveEvents;
import dev.afterimage.projection.view.Arrivals;
import dev.afterimage.projection.view.Break;
import io.quarkus.logging.Log;
import io.quarkus.runtime.ShutdownEvent;
import io.quarkus.runtime.StartupEvent;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.event.Observes;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.FencedInstanceIdException;
import org.apache.kafka.common.errors.InterruptException;
import org.apache.kafka.common.errors.WakeupException;
import org.jspecify.annotations.Nullable;

/**
 * Follows the topics on a thread of its own, and has the records of each partition applied. No trouble of the database or the broker ends
 * it; it tries again until it is stopped.
 */
@ApplicationScoped
public class Feed {

    private static final Duration PAUSE_OF_WARNINGS = Duration.ofSeconds(1);
    private static final Duration STOP_TIMEOUT = Duration.ofSeconds(8);

    private final FeedConfig config;
    private final Subscriptions subscriptions;
    private final EnvelopeReader reader;
    private final BatchApplier applier;
    private final DeadLetters deadLetters;
    private final FeedMetrics metrics;
    private final FeedTraces traces;
    private final LiveEvents live;
    private final Arrivals arrivals;
    private final Outage outage;
    private final AtomicReference<Instant> nextWarning = new AtomicReference<>(Instant.MIN);
    private final CountDownLatch stopping = new CountDownLatch(1);
    private final Thread thread = Thread.ofPlatform().name("feed").unstarted(this::run);
    private final ExecutorService workers;
    private volatile @Nullable Subscription subscription;
    private volatile FeedState state = FeedState.STARTING;
    private volatile List<FeedProgress.Partition> progress = List.of();

    Feed(
            FeedConfig config,
            Subscriptions subscriptions,
            EnvelopeReader reader,
            BatchApplier applier,
            DeadLetters deadLetters,
            FeedMetrics metrics,
            FeedTraces traces,
            LiveEvents live,
            Arrivals arrivals) {
        this.config = config;
        this.subscriptions = subscriptions;
        this.reader = reader;
        this.applier = applier;
        this.deadLetters = deadLetters;
        this.metrics = metrics;
        this.traces = traces;
        this.live = live;
        this.arrivals = arrivals;
        this.outage = new Outage(config.maxBackoff());
        this.workers = Executors.newFixedThreadPool(
                config.workers(), Thread.ofPlatform().name("feed-", 1).factory());
    }

    FeedState state() {
        return state;
    }

    /** How far this instance is, without asking the broker. */
    public FeedProgress progress() {
        return FeedProgress.of(state, progress);
    }

    void start(@Observes StartupEvent event) {
        thread.start();
    }

    /** Lets the batch in work finish, then gives the offsets back in order. */
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
                // only stop() wakes us
            } catch (FencedInstanceIdException e) {
                // a pause as long as a session: two processes of one name would else fence each other all the time
                goesOn("Another process took over feed.instance-id, which must be unique", e);
                pause(config.sessionTimeout());
            } catch (RuntimeException e) {
                pause("The feed lost its consumer", e);
            }
        }
        workers.close();
        deadLetters.close();
        state = FeedState.STOPPED;
    }

    private void follow(Subscription current) {
        while (!isStopping()) {
            var records = current.poll();
            try {
                current.place();
                if (!records.isEmpty()) {
                    apply(current, records);
                }
                progress = current.progress();
                metrics.record(progress);
                outage.isOver();
                state = current.state();
            } catch (PositionLost e) {
                Log.warnf("Going back to where the database stands: %s", e.getMessage());
                current.placeAgain(records.partitions());
            } catch (SQLException e) {
                current.placeAgain(records.partitions());
                pause("The database does not apply", e);
            } catch (WakeupException e) {
                throw e;
            } catch (KafkaException e) {
                current.placeAgain(records.partitions());
                pause("The broker does not answer", e);
            }
        }
    }

    /**
     * Each partition in transactions of its own, several at a time: a key lives in one partition, so that they do not meet.
     * What fails is tried again together with those that did not; their positions say that there is nothing to do.
     */
    private void apply(Subscription current, ConsumerRecords<byte[], byte[]> records)
            throws SQLException, PositionLost {
        Instant receivedAt = Instant.now();
        List<Future<?>> running = new ArrayList<>();
        for (TopicPartition partition : records.partitions()) {
            running.add(workers.submit(() -> {
                apply(current, records.records(partition), receivedAt);
                return null;
            }));
        }
        List<Throwable> failures = new ArrayList<>();
        for (Future<?> each : running) {
            try {
                each.get();
            } catch (ExecutionException e) {
                failures.add(e.getCause());
            } catch (InterruptedException e) {
                throw new InterruptException(e);
            }
        }
        for (Throwable failure : failures) {
            switch (failure) {
                case SQLException e -> throw e;
                case PositionLost e -> throw e;
                case RuntimeException e -> throw e;
                default -> throw new IllegalStateException(failure);
            }
        }
        current.commit(records.nextOffsets());
    }

    private void apply(Subscription current, List<ConsumerRecord<byte[], byte[]>> records, Instant receivedAt)
            throws SQLException, PositionLost {
        for (int from = 0; from < records.size(); from += config.maxBatch()) {
            List<Incoming> batch = records.subList(from, Math.min(records.size(), from + config.maxBatch())).stream()
                    .map(this::read)
                    .toList();
            current.acceptResetLogs(batch);
            applier.apply(batch, current.applied(), outcomes -> {
                current.markApplied(outcomes);
                announce(outcomes, receivedAt);
            });
        }
    }

    private Incoming read(ConsumerRecord<byte[], byte[]> record) {
        try {
            return new Incoming.Legible(record, reader.read(record.topic(), record.key(), record.value()));
        } catch (MalformedRecord e) {
            return new Incoming.Malformed(record, e.reason());
        } catch (RuntimeException e) {
            // the reader has a gap: worth a look, but one record must not stop those behind it
            Log.errorf(
                    e,
                    "The reader failed topic=%s partition=%d offset=%d",
                    record.topic(),
                    record.partition(),
                    record.offset());
            return new Incoming.Malformed(record, "the reader failed on it");
        }
    }

    private void announce(List<Outcome> outcomes, Instant receivedAt) {
        Instant appliedAt = Instant.now();
        arrivals.arrived(outcomes.stream()
                .filter(outcome -> outcome.effect() == Effect.APPLIED)
                .map(outcome -> outcome.incoming() instanceof Incoming.Legible legible
                        ? legible.change().id()
                        : null)
                .filter(Objects::nonNull)
                .toList());
        metrics.record(outcomes, receivedAt, appliedAt);
        warnOfBrokenChains(outcomes, appliedAt);
        traces.record(outcomes, receivedAt, appliedAt);
        if (live.watched()) {
            live.publish(outcomes.stream()
                    .map(outcome -> Announcements.of(outcome, appliedAt))
                    .toList());
        }
        if (Log.isDebugEnabled()) {
            long applied =
                    outcomes.stream().filter(o -> o.effect() == Effect.APPLIED).count();
            Log.debugf("Committed %d records, %d of them news", outcomes.size(), applied);
        }
    }

    /** One a second only: a topic that was cut off at its beginning breaks the chain of every aggregate on it. */
    private void warnOfBrokenChains(List<Outcome> outcomes, Instant appliedAt) {
        for (Outcome outcome : outcomes) {
            Break broken = outcome.applied().broken();
            Instant quietUntil = nextWarning.get();
            if (broken == null
                    || appliedAt.isBefore(quietUntil)
                    || !nextWarning.compareAndSet(quietUntil, appliedAt.plus(PAUSE_OF_WARNINGS))) {
                continue;
            }
            ConsumerRecord<byte[], byte[]> record = outcome.incoming().record();
            Log.warnf(
                    "Applied an event that does not follow from what is held, by its %s (feed_chain_broken_total counts"
                            + " all of them): held=%s before=%s topic=%s partition=%d offset=%d",
                    broken.rule().label(),
                    broken.held(),
                    broken.before(),
                    record.topic(),
                    record.partition(),
                    record.offset());
        }
    }

    private void pause(String what, Exception cause) {
        pause(goesOn(what, cause));
    }

    private Duration goesOn(String what, Exception cause) {
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
