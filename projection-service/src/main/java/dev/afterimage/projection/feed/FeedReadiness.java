package dev.afterimage.projection.feed;

import jakarta.enterprise.context.ApplicationScoped;
import java.time.Instant;
import org.eclipse.microprofile.health.HealthCheck;
import org.eclipse.microprofile.health.HealthCheckResponse;
import org.eclipse.microprofile.health.Readiness;

/**
 * Up while the feed applies records: from the first time that it follows its partitions. Down after {@code
 * feed.unready-after} without progress, for example because the feed has stopped, hangs, or waits for the database or
 * the broker. Lag alone does not affect readiness, see {@link FeedWellness}.
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
