package dev.afterimage.projection.feed;

import io.smallrye.health.api.Wellness;
import jakarta.enterprise.context.ApplicationScoped;
import java.time.Duration;
import org.eclipse.microprofile.health.HealthCheck;
import org.eclipse.microprofile.health.HealthCheckResponse;

/**
 * Up while the feed keeps up. Does not affect readiness, because a lagging instance still answers reads, and all
 * instances read the same database; needs attention.
 */
@Wellness
@ApplicationScoped
class FeedWellness implements HealthCheck {

    private final FeedLag lag;
    private final FeedConfig config;

    FeedWellness(FeedLag lag, FeedConfig config) {
        this.lag = lag;
        this.config = config;
    }

    @Override
    public HealthCheckResponse call() {
        Duration age = lag.age();
        return HealthCheckResponse.named("feed lag")
                .status(age.compareTo(config.maxLag()) <= 0)
                .withData("oldestUnappliedMs", age.toMillis())
                .build();
    }
}
