package dev.afterimage.projection.feed;

import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.binder.MeterBinder;
import jakarta.enterprise.context.ApplicationScoped;
import java.time.Duration;
import java.time.Instant;

/**
 * Shows whether the feed makes progress. The lag does not show this, because a feed that hangs receives no new records.
 */
@ApplicationScoped
class ProgressMetrics implements MeterBinder {

    private final Feed feed;
    private final Instant startedAt = Instant.now();

    ProgressMetrics(Feed feed) {
        this.feed = feed;
    }

    @Override
    public void bindTo(MeterRegistry registry) {
        Gauge.builder("feed.progress.age", this, metrics -> metrics.age().toMillis() / 1000.0)
                .description(
                        "since the feed last applied something or found nothing to apply; since the start, before that")
                .baseUnit("seconds")
                .strongReference(true)
                .register(registry);
    }

    private Duration age() {
        Instant progress = feed.lastProgress();
        return Duration.between(progress == null ? startedAt : progress, Instant.now());
    }
}
