package dev.afterimage.projection.feed;

import jakarta.enterprise.context.ApplicationScoped;
import java.time.Instant;
import org.eclipse.microprofile.health.HealthCheck;
import org.eclipse.microprofile.health.HealthCheckResponse;
import org.eclipse.microprofile.health.Readiness;

/**
 * Up while records that arrive are applied: from the first time that the feed follows its partitions, and down again once it
 * has made no progress for {@code feed.unready-after}, be it that it has stopped, waits for the database or the broker, or
 * hangs. Lag alone does not turn it down, see {@link FeedWellness}.
 */
@Readiness
@ApplicationScoped
class FeedReadiness implements HealthCheck {

    private final Feed feed;
    private final FeedConfig config;

    FeedReadiness(Feed feed, FeedConfig config) {
        this.feed = feed;
        this.config = config;
    }

    @Override
    public HealthCheckResponse call() {
        FeedState state = feed.state();
        Instant progress = feed.lastProgress();
        return HealthCheckResponse.named("feed")
                .status(state != FeedState.STOPPED
                        && progress != null
                        && progress.plus(config.unreadyAfter()).isAfter(Instant.now()))
                .withData("state", state.description())
                .build();
    }
}
