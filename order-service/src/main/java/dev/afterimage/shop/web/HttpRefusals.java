package dev.afterimage.shop.web;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.quarkiverse.resteasy.problem.HttpProblem;
import io.quarkus.vertx.http.runtime.filters.Filters;
import io.vertx.core.MultiMap;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpVersion;
import io.vertx.ext.web.Router;
import io.vertx.ext.web.RoutingContext;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.event.Observes;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Answers with a problem if HTTP or Vert.x refuses a request before Jakarta REST sees it, also a request that
 * {@link InvalidRequests} replaces.
 */
@ApplicationScoped
class HttpRefusals {

    /** Before all other filters. */
    private static final int PRIORITY = 2000;
    /** How long a client may continue to send. */
    private static final long LINGER_MS = 1_000;

    private static final Set<Integer> STATUSES = Set.of(400, 404, 405);

    private final ObjectMapper json;

    HttpRefusals(ObjectMapper json) {
        this.json = json;
    }

    void register(@Observes Filters filters) {
        filters.register(this::check, PRIORITY);
    }

    void register(@Observes Router router) {
        router.route().order(Integer.MIN_VALUE).failureHandler(request -> {
            var type = ProblemType.of(request.statusCode());
            if (type.isPresent() && STATUSES.contains(request.statusCode())) {
                answer(request, type.get().problem(null).build());
            } else {
                request.next();
            }
        });
    }

    private void check(RoutingContext request) {
        var headers = request.request().headers();
        var invalid = headers.get(InvalidRequests.PROBLEM);
        if (invalid != null) {
            var type = ProblemType.valueOf(invalid);
            var detail = type == ProblemType.INVALID_REQUEST ? "The request line or a header is not valid." : null;
            refuse(request, type, detail);
        } else if (headers.getAll(HttpHeaders.HOST).size() > 1) {
            refuse(request, ProblemType.INVALID_REQUEST, "The request has more than one Host header.");
        } else if (!isOnly("chunked", headers, HttpHeaders.TRANSFER_ENCODING)) {
            refuse(request, ProblemType.INVALID_REQUEST, "Transfer-Encoding can be chunked only.");
        } else if (!isOnly("identity", headers, HttpHeaders.CONTENT_ENCODING)) {
            refuse(request, ProblemType.UNSUPPORTED_MEDIA_TYPE, "The Content-Encoding of the body is not supported.");
        } else {
            request.next();
        }
    }

    private static boolean isOnly(String value, MultiMap headers, CharSequence name) {
        return headers.getAll(name).stream().allMatch(value::equalsIgnoreCase);
    }

    private void refuse(RoutingContext request, ProblemType type, @Nullable String detail) {
        answer(request, type.problem(detail).build());
    }

    void answer(RoutingContext request, HttpProblem problem) {
        closeSoon(request);
        try {
            request.response()
                    .setStatusCode(problem.getStatusCode())
                    .putHeader(HttpHeaders.CONTENT_TYPE, HttpProblem.MEDIA_TYPE.toString())
                    .end(json.writeValueAsString(problem));
            request.request().resume(); // the rest of the body is discarded
        } catch (JsonProcessingException e) {
            request.fail(e);
        }
    }

    /**
     * Closes a connection of HTTP/1 after a pause. If it closed at once, a client that is still sending would see a reset
     * connection instead of the answer.
     */
    static void closeSoon(RoutingContext request) {
        if (request.request().version() != HttpVersion.HTTP_2) {
            request.response().putHeader(HttpHeaders.CONNECTION, "close");
            var connection = request.request().connection();
            request.vertx().setTimer(LINGER_MS, _ -> connection.close());
        }
    }
}
