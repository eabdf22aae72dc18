package dev.afterimage.projection.http;

import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpServerRequest;
import jakarta.ws.rs.core.HttpHeaders;
import java.util.List;
import org.jboss.resteasy.reactive.server.ServerRequestFilter;

/**
 * Refuses a header that guards a request where it comes empty or more than once: taken for none, it would guard nothing.
 * Evaluates the preconditions of a POST or DELETE, whose address has no entity tag; a GET evaluates its own with the tag at
 * hand.
 */
class GuardingHeaders {

    private static final List<String> NAMES = List.of(HttpHeaders.IF_MATCH, HttpHeaders.IF_NONE_MATCH);

    @ServerRequestFilter
    void check(HttpServerRequest request, HttpHeaders headers) {
        for (String name : NAMES) {
            List<String> lines = request.headers().getAll(name);
            if (lines.size() > 1 || (lines.size() == 1 && lines.getFirst().isBlank())) {
                throw Parameters.wrong(name, "must be there once and not empty, or not at all");
            }
        }
        if (request.method().equals(HttpMethod.POST) || request.method().equals(HttpMethod.DELETE)) {
            Preconditions.of(headers).checkUnversioned();
        }
    }
}
