package dev.afterimage.projection.feed;

import jakarta.enterprise.context.ApplicationScoped;
import org.eclipse.microprofile.health.HealthCheck;
import org.eclipse.microprofile.health.HealthCheckResponse;
import org.eclipse.microprofile.health.Liveness;

/**
 * Down when the feed's thread has ended; only a restart of the process helps then. An outage does not end the thread.
 */
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
