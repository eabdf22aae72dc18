package dev.afterimage.shop.web;

import io.smallrye.health.api.Wellness;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpServerRequest;
import jakarta.enterprise.inject.Produces;
import jakarta.inject.Singleton;
import jakarta.ws.rs.container.ContainerResponseContext;
import jakarta.ws.rs.core.Response;
import java.time.Duration;
import java.time.Instant;
import java.util.Set;
import org.eclipse.microprofile.health.HealthCheck;
import org.eclipse.microprofile.health.HealthCheckResponse;
import org.jboss.resteasy.reactive.server.ServerResponseFilter;
import org.jspecify.annotations.Nullable;

/**
 * Notices that the database takes no change, for example because it is read-only or a table is locked. The other checks
 * only read, so they stay up.
 */
@Singleton
class RefusedChanges {

    private static final Set<HttpMethod> READS = Set.of(HttpMethod.GET, HttpMethod.HEAD, HttpMethod.OPTIONS);
    /** A restart of PostgreSQL takes less time. */
    private static final Duration LIMIT = Duration.ofSeconds(5);
    /** The last refusal says nothing after this time. */
    private static final Duration FORGOTTEN = Duration.ofMinutes(1);

    private record Refused(Instant since, Instant last) {}

    private volatile @Nullable Refused refused;

    /** A client's error says nothing about the database. */
    @ServerResponseFilter
    void count(HttpServerRequest request, ContainerResponseContext response) {
        if (READS.contains(request.method())) {
            return;
        }
        if (response.getStatus() == Response.Status.SERVICE_UNAVAILABLE.getStatusCode()) {
            var before = refused;
            var now = Instant.now();
            refused = new Refused(before == null ? now : before.since(), now);
        } else if (response.getStatusInfo().getFamily() == Response.Status.Family.SUCCESSFUL) {
            refused = null;
        }
    }

    /** Down while the database has refused each change for some time. Does not affect readiness: reads work. */
    @Produces
    @Wellness
    HealthCheck well() {
        return () -> {
            var known = refused;
            var now = Instant.now();
            var age = known == null || known.last().plus(FORGOTTEN).isBefore(now)
                    ? Duration.ZERO
                    : Duration.between(known.since(), now);
            return HealthCheckResponse.named("changes")
                    .withData("refusedMs", age.toMillis())
                    .status(age.compareTo(LIMIT) <= 0)
                    .build();
        };
    }
}
