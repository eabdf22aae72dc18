package dev.afterimage.projection.web;

import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpServerRequest;
import jakarta.ws.rs.core.HttpHeaders;
import java.util.List;
import org.jboss.resteasy.reactive.server.ServerRequestFilter;

/**
 * Refuses an {@code If-Match} or {@code If-None-Match} header that is empty or repeated. Ignoring such a header would
 * leave the request unprotected. Also evaluates the preconditions of a POST or DELETE, whose address has no entity tag;
 * a GET evaluates its own when it knows the entity tag.
 */
class GuardingHeaders {

    private static final List<String> NAMES = List.of(HttpHeaders.IF_MATCH, HttpHeaders.IF_NONE_MATCH);

    @ServerRequestFilter
    void check(HttpServerRequest request, HttpHeaders headers) {
        for (String name : NAMES) {
            List<String> lines = request.headers().getAll(name);
            if (lines.size() > 1 || (lines.size() == 1 && lines.getFirst().isBlank())) {
                throw Parameters.wrong(name, "must be present once and not empty, or absent");
            }
        }
        if (request.method().equals(HttpMethod.POST) || request.method().equals(HttpMethod.DELETE)) {
            Preconditions.of(headers).checkUnversioned();
        }
    }
}
