package dev.afterimage.projection.feed;

import dev.afterimage.projection.change.Change;
import dev.afterimage.projection.change.Effect;
import dev.afterimage.projection.view.Arrivals;
import dev.afterimage.projection.view.ChainBreak;
import io.quarkus.logging.Log;
import jakarta.enterprise.context.ApplicationScoped;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicReference;

/** Publishes committed outcomes: to waiting requests of this instance, and as metrics, traces and warnings. */
@ApplicationScoped
class OutcomePublisher {

    private static final Duration PAUSE_OF_WARNINGS = Duration.ofSeconds(1);

    private final FeedMetrics metrics;
    private final FeedTraces traces;
    private final Arrivals arrivals;
    private final AtomicReference<Instant> nextWarning = new AtomicReference<>(Instant.MIN);

    OutcomePublisher(FeedMetrics metrics, FeedTraces traces, Arrivals arrivals) {
        this.metrics = metrics;
        this.traces = traces;
        this.arrivals = arrivals;
    }

    /** Publishes the outcomes of records that the feed received. */
    void publish(List<Outcome> outcomes, Instant receivedAt) {
        Instant appliedAt = Instant.now();
        metrics.time(outcomes, receivedAt, appliedAt);
        publish(outcomes, receivedAt, appliedAt);
    }

    /**
     * Publishes the outcomes of replayed dead letters. Their age is not a latency of the service, so it is not in the
     * latency metrics.
     */
    void publishReplayed(List<Outcome> outcomes, Instant begunAt) {
        publish(outcomes, begunAt, Instant.now());
    }

    private void publish(List<Outcome> outcomes, Instant receivedAt, Instant appliedAt) {
        arrivals.arrived(outcomes.stream()
                .filter(outcome -> outcome.effect() == Effect.APPLIED)
                .map(Outcome::change)
                .filter(Objects::nonNull)
                .map(Change::id)
                .toList());
        metrics.count(outcomes);
        warnOfBrokenChains(outcomes, appliedAt);
        traces.record(outcomes, receivedAt, appliedAt);
        if (Log.isDebugEnabled()) {
            long applied =
                    outcomes.stream().filter(o -> o.effect() == Effect.APPLIED).count();
            Log.debugf("Committed %d records, %d of them applied", outcomes.size(), applied);
        }
    }

    /**
     * Logs at most one warning per second: a topic whose beginning was deleted breaks the chain of each of its
     * aggregates.
     */
    private void warnOfBrokenChains(List<Outcome> outcomes, Instant appliedAt) {
        for (Outcome outcome : outcomes) {
            ChainBreak chainBreak = outcome.result().chainBreak();
            Instant quietUntil = nextWarning.get();
            if (chainBreak == null
                    || appliedAt.isBefore(quietUntil)
                    || !nextWarning.compareAndSet(quietUntil, appliedAt.plus(PAUSE_OF_WARNINGS))) {
                continue;
            }
            Log.warnf(
                    "Applied an event that does not follow the stored state, by its %s (feed_chain_broken_total counts"
                            + " all of them): held=%s before=%s topic=%s partition=%d offset=%d",
                    chainBreak.rule().label(),
                    chainBreak.held(),
                    chainBreak.before(),
                    outcome.topic(),
                    outcome.partition(),
                    outcome.offset());
        }
    }
}
