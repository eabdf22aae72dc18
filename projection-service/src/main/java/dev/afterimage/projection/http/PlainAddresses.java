package dev.afterimage.projection.http;

import io.vertx.core.http.HttpServerRequest;
import jakarta.ws.rs.core.Response;
import org.jboss.resteasy.reactive.server.ServerRequestFilter;
import org.jspecify.annotations.Nullable;

/**
 * Takes no matrix parameters. Nothing here has any, and RESTEasy passes over them while the check of roles does not: a reader
 * would get at {@code /dead-letters} by {@code /dead-letters;a=b}.
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
