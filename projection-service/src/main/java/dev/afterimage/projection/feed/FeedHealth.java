package dev.afterimage.projection.feed;

import io.smallrye.health.api.Wellness;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.inject.Produces;
import java.time.Duration;
import java.time.Instant;
import org.eclipse.microprofile.health.HealthCheck;
import org.eclipse.microprofile.health.HealthCheckResponse;
import org.eclipse.microprofile.health.Liveness;
import org.eclipse.microprofile.health.Readiness;

/** The health checks of the feed; the channel has its own for the start. */
@ApplicationScoped
class FeedHealth {

    private final FeedStatus feed;
    private final FeedConfig config;

    FeedHealth(FeedStatus feed, FeedConfig config) {
        this.feed = feed;
        this.config = config;
    }

    /** Down when the channel has ended; only a restart of the process helps then. An outage does not end the channel. */
    @Produces
    @Liveness
    HealthCheck alive() {
        return () -> HealthCheckResponse.named("feed")
                .status(feed.state() != FeedState.STOPPED)
                .build();
    }

    /**
     * Up while the feed applies records: from the first time that it follows its partitions. Down after {@code
     * feed.unready-after} without progress, for example because the feed has stopped, hangs, or waits for the database
     * or the broker. Lag alone does not affect readiness.
     */
    @Produces
    @Readiness
    HealthCheck ready() {
        return () -> {
            FeedState state = feed.state();
            Instant progress = feed.lastProgress();
            return HealthCheckResponse.named("feed")
                    .status(state != FeedState.STOPPED
                            && progress != null
                            && progress.plus(config.unreadyAfter()).isAfter(Instant.now()))
                    .withData("state", state.description())
                    .build();
        };
    }

    /**
     * Up while the feed keeps up. Does not affect readiness, because a lagging instance still answers reads, and all
     * instances read the same database; needs attention.
     */
    @Produces
    @Wellness
    HealthCheck well() {
        return () -> {
            Duration age = feed.lagAge();
            return HealthCheckResponse.named("feed lag")
                    .status(age.compareTo(config.maxLag()) <= 0)
                    .withData("oldestUnappliedMs", age.toMillis())
                    .build();
        };
    }
}
