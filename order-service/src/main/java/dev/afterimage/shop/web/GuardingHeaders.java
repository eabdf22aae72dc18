package dev.afterimage.shop.web;

import dev.afterimage.shop.Refusal;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpServerRequest;
import jakarta.ws.rs.core.HttpHeaders;
import java.util.List;
import org.jboss.resteasy.reactive.server.ServerRequestFilter;

/**
 * Refuses an {@code Idempotency-Key}, {@code If-Match} or {@code If-None-Match} header that is empty or repeated.
 * Ignoring such a header would leave the request unprotected. Also evaluates the preconditions of a POST, whose address
 * has no entity tag; the other methods evaluate theirs when they know the entity tag.
 */
public class GuardingHeaders {

    public static final String IDEMPOTENCY_KEY = "Idempotency-Key";

    private static final List<String> NAMES = List.of(IDEMPOTENCY_KEY, HttpHeaders.IF_MATCH, HttpHeaders.IF_NONE_MATCH);

    @ServerRequestFilter
    void check(HttpServerRequest request, HttpHeaders headers) {
        for (var name : NAMES) {
            var lines = request.headers().getAll(name);
            if (lines.size() > 1 || (lines.size() == 1 && lines.getFirst().isBlank())) {
                throw Refusal.invalid(name, "must be present once and not empty, or absent");
            }
        }
        if (request.method().equals(HttpMethod.POST)) {
            Preconditions.of(headers).checkUnversioned();
        }
    }
}
