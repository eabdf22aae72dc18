package dev.afterimage.projection.feed;

import io.smallrye.health.api.Wellness;
import jakarta.enterprise.context.ApplicationScoped;
import java.time.Duration;
import org.eclipse.microprofile.health.HealthCheck;
import org.eclipse.microprofile.health.HealthCheckResponse;

/**
 * Well while the feed keeps up. An instance that lags still answers reads, all from the same database, so that this is no
 * reason to send clients elsewhere, but one to wake somebody.
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
