package dev.afterimage.projection.web;

import dev.afterimage.projection.Refusal;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpServerRequest;
import jakarta.ws.rs.container.ContainerResponseContext;
import jakarta.ws.rs.core.HttpHeaders;
import jakarta.ws.rs.core.Response;
import java.util.List;
import org.jboss.resteasy.reactive.server.ServerRequestFilter;
import org.jboss.resteasy.reactive.server.ServerResponseFilter;

/**
 * Refuses an {@code Idempotency-Key}, {@code If-Match} or {@code If-None-Match} header that is empty or repeated.
 * Ignoring such a header would leave the request unprotected. Also evaluates the preconditions at addresses without an
 * entity tag: of a POST before the work, of a GET after it. The others evaluate theirs when they know the entity tag.
 */
public class GuardingHeaders {

    public static final String IDEMPOTENCY_KEY = "Idempotency-Key";

    private static final List<String> NAMES = List.of(IDEMPOTENCY_KEY, HttpHeaders.IF_MATCH, HttpHeaders.IF_NONE_MATCH);

    @ServerRequestFilter
    void check(HttpServerRequest request) {
        for (var name : NAMES) {
            var lines = request.headers().getAll(name);
            if (lines.size() > 1 || (lines.size() == 1 && lines.getFirst().isBlank())) {
                throw Refusal.invalid(name, "must be present once and not empty, or absent");
            }
        }
        if (request.method().equals(HttpMethod.POST)) {
            Preconditions.of(request::getHeader).checkUnversioned();
        }
    }

    @ServerResponseFilter
    void evaluate(HttpServerRequest request, ContainerResponseContext response) {
        boolean reads =
                request.method().equals(HttpMethod.GET) || request.method().equals(HttpMethod.HEAD);
        boolean unversioned = !response.getHeaders().containsKey(HttpHeaders.ETAG);
        if (reads
                && response.getStatus() == Response.Status.OK.getStatusCode()
                && unversioned
                && Preconditions.of(request::getHeader).isKnownUnversioned()) {
            response.setStatus(Response.Status.NOT_MODIFIED.getStatusCode());
            response.setEntity(null);
        }
    }
}
