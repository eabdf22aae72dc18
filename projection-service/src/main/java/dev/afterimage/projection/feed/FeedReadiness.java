package dev.afterimage.projection.feed;

import jakarta.enterprise.context.ApplicationScoped;
import org.eclipse.microprofile.health.HealthCheck;
import org.eclipse.microprofile.health.HealthCheckResponse;
import org.eclipse.microprofile.health.Readiness;

/** Up while records that arrive would be applied. */
@Readiness
@ApplicationScoped
class FeedReadiness implements HealthCheck {

    private final Feed feed;

    FeedReadiness(Feed feed) {
        this.feed = feed;
    }

    @Override
    public HealthCheckResponse call() {
        FeedState state = feed.state();
        return HealthCheckResponse.named("feed")
                .status(state.ready())
                .withData("state", state.description())
                .build();
    }
}
