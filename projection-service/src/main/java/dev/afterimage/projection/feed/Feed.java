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
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.errors.FencedInstanceIdException;
import org.apache.kafka.common.errors.WakeupException;
import org.jspecify.annotations.Nullable;

/**
 * Follows the topics on a thread of its own: one poll, one transaction. No trouble of the database or the broker ends
 * it; it tries again until it is stopped.
 */
@ApplicationScoped
public class Feed {

    private static final int MAX_WARNINGS = 5;
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
    private final CountDownLatch stopping = new CountDownLatch(1);
    private final Thread thread = Thread.ofPlatform().name("feed").unstarted(this::run);
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
        deadLetters.close();
        state = FeedState.STOPPED;
    }

    private void follow(Subscription current) {
        while (!isStopping()) {
            var records = current.poll();
            try {
                current.place();
                if (!records.isEmpty()) {
                    Instant receivedAt = Instant.now();
                    List<Incoming> batch = new ArrayList<>(records.count());
                    records.forEach(record -> batch.add(read(record)));
                    current.acceptResetLogs(batch);
                    applier.apply(batch, current.applied(), outcomes -> {
                        current.markApplied(outcomes);
                        announce(outcomes, receivedAt);
                    });
                    current.commit(records.nextOffsets());
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
        warnOfBrokenChains(outcomes);
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

    /** Some of a batch only: a topic that was cut off at its beginning breaks the chain of every aggregate on it. */
    private static void warnOfBrokenChains(List<Outcome> outcomes) {
        List<Outcome> broken = outcomes.stream()
                .filter(outcome -> outcome.applied().broken() != null)
                .toList();
        for (Outcome outcome : broken.subList(0, Math.min(MAX_WARNINGS, broken.size()))) {
            Break what = Objects.requireNonNull(outcome.applied().broken());
            ConsumerRecord<byte[], byte[]> record = outcome.incoming().record();
            Log.warnf(
                    "Applied an event that does not follow, its %s is not the next: held=%s before=%s topic=%s partition=%d"
                            + " offset=%d",
                    what.rule().label(),
                    what.held(),
                    what.before(),
                    record.topic(),
                    record.partition(),
                    record.offset());
        }
        if (broken.size() > MAX_WARNINGS) {
            Log.warnf("... and %d more such events of this batch", broken.size() - MAX_WARNINGS);
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
