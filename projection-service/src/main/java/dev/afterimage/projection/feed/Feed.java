package dev.afterimage.projection.feed;

import dev.afterimage.projection.change.EnvelopeReader;
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
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;
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

    private static final Duration STOP_TIMEOUT = Duration.ofSeconds(8);

    private final FeedConfig config;
    private final Subscriptions subscriptions;
    private final EnvelopeReader reader;
    private final BatchApplier applier;
    private final DeadLetterTopics deadLetterTopics;
    private final Announcements announcements;
    private final FeedLag lag;
    private final Outage outage;
    private final CountDownLatch stopping = new CountDownLatch(1);
    private final Thread thread = Thread.ofPlatform().name("feed").unstarted(this::run);
    private volatile @Nullable Subscription subscription;
    private volatile FeedState state = FeedState.STARTING;
    private volatile @Nullable Instant lastProgress;

    Feed(
            FeedConfig config,
            Subscriptions subscriptions,
            EnvelopeReader reader,
            BatchApplier applier,
            DeadLetterTopics deadLetterTopics,
            Announcements announcements,
            FeedLag lag) {
        this.config = config;
        this.subscriptions = subscriptions;
        this.reader = reader;
        this.applier = applier;
        this.deadLetterTopics = deadLetterTopics;
        this.announcements = announcements;
        this.lag = lag;
        this.outage = new Outage(config.maxBackoff());
    }

    FeedState state() {
        return thread.getState() == Thread.State.TERMINATED ? FeedState.STOPPED : state;
    }

    /** When it last applied something or found nothing to apply; null until it follows its partitions. */
    @Nullable Instant lastProgress() {
        return lastProgress;
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
        deadLetterTopics.close();
    }

    private void follow(Subscription current) {
        while (!isStopping()) {
            var records = current.poll();
            try {
                current.place();
                if (!records.isEmpty()) {
                    Instant receivedAt = Instant.now();
                    lag.received(oldest(records));
                    List<Incoming> batch = new ArrayList<>(records.count());
                    records.forEach(record -> batch.add(Incoming.of(record, reader)));
                    current.acceptResetLogs(batch);
                    applier.apply(batch, current.applied(), outcomes -> {
                        current.markApplied(outcomes);
                        lastProgress = Instant.now();
                        announcements.announce(outcomes, receivedAt);
                    });
                    current.commit(records.nextOffsets());
                }
                outage.isOver();
                state = current.state();
                if (state == FeedState.FOLLOWING) {
                    lastProgress = Instant.now();
                }
                if (!current.lags()) {
                    lag.caughtUp();
                }
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

    private static Instant oldest(ConsumerRecords<byte[], byte[]> records) {
        long oldest = Long.MAX_VALUE;
        for (ConsumerRecord<byte[], byte[]> record : records) {
            oldest = Math.min(oldest, record.timestamp());
        }
        return Instant.ofEpochMilli(oldest);
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
