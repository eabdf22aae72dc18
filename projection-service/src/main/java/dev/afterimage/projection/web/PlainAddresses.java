package dev.afterimage.projection.web;

import io.vertx.core.http.HttpServerRequest;
import jakarta.ws.rs.core.Response;
import org.jboss.resteasy.reactive.server.ServerRequestFilter;
import org.jspecify.annotations.Nullable;

/**
 * Refuses matrix parameters. No resource has any. RESTEasy ignores them when it matches a path, but the check of roles
 * does not: a caller with the role of a reader could open {@code /dead-letters} as {@code /dead-letters;a=b}.
 */
class PlainAddresses {

    @ServerRequestFilter(preMatching = true)
    @Nullable Response refuse(HttpServerRequest request) {
        String path = request.path();
        return path != null && path.contains(";")
                ? ProblemType.UNKNOWN_ADDRESS.problem().build().toResponse()
                : null;
    }
}
