package dev.afterimage.projection.feed;

import jakarta.enterprise.context.ApplicationScoped;
import org.eclipse.microprofile.health.HealthCheck;
import org.eclipse.microprofile.health.HealthCheckResponse;
import org.eclipse.microprofile.health.Liveness;

/** Down once the feed's thread has ended, which only a restart of the process mends. No outage ends it. */
@Liveness
@ApplicationScoped
class FeedLiveness implements HealthCheck {

    private final Feed feed;

    FeedLiveness(Feed feed) {
        this.feed = feed;
    }

    @Override
    public HealthCheckResponse call() {
        return HealthCheckResponse.named("feed")
                .status(feed.state() != FeedState.STOPPED)
                .build();
    }
}
