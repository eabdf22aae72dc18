package dev.afterimage.projection.feed;

import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import jakarta.enterprise.context.ApplicationScoped;
import java.time.Duration;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * How old the oldest record is that is on a topic and not applied. It is taken from the records in hand: while there are more
 * behind them, the next one is about as old. Zero where nothing waits, and where the broker does not say what does.
 */
@ApplicationScoped
class FeedLag {

    private volatile @Nullable Instant oldest;

    FeedLag(MeterRegistry registry) {
        Gauge.builder("feed.lag.age", this, lag -> lag.age().toMillis() / 1000.0)
                .description("age of the oldest record that is not applied")
                .baseUnit("seconds")
                .strongReference(true)
                .register(registry);
    }

    Duration age() {
        Instant since = oldest;
        Instant now = Instant.now();
        return since == null || since.isAfter(now) ? Duration.ZERO : Duration.between(since, now);
    }

    /**
     * Records are in hand.
     *
     * @param oldest the time of the oldest of them
     * @param others whether older ones wait, of partitions that could not be applied
     */
    void received(Instant oldest, boolean others) {
        Instant before = this.oldest;
        this.oldest = others && before != null && before.isBefore(oldest) ? before : oldest;
    }

    /** Everything that the topics had is applied. */
    void caughtUp() {
        oldest = null;
    }
}
