package dev.afterimage.projection.feed;

import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import jakarta.enterprise.context.ApplicationScoped;
import java.time.Duration;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * The age of the oldest record on a topic that is not applied. It is computed from the last received records: if more
 * records follow, the next one is about as old. Zero if no record waits, and also if the broker does not answer.
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
     * Called when records have been received.
     *
     * @param oldest the timestamp of the oldest of these records
     * @param others whether older records wait in partitions that could not be applied
     */
    void received(Instant oldest, boolean others) {
        Instant before = this.oldest;
        this.oldest = others && before != null && before.isBefore(oldest) ? before : oldest;
    }

    /** Called when all records of the topics are applied. */
    void caughtUp() {
        oldest = null;
    }
}
