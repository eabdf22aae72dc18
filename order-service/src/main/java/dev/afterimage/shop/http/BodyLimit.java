package dev.afterimage.shop.http;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.quarkus.runtime.configuration.MemorySize;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpHeaders;
import io.vertx.ext.web.Router;
import io.vertx.ext.web.RoutingContext;
import io.vertx.ext.web.handler.BodyHandler;
import io.vertx.ext.web.impl.RoutingContextInternal;
import jakarta.enterprise.event.Observes;
import jakarta.inject.Singleton;
import org.eclipse.microprofile.config.inject.ConfigProperty;

/**
 * Reads the body before the request is given a thread, so that a slow client holds none, and tells who sends too much how
 * much it may be; Quarkus' own and larger limit cuts the connection without a word.
 */
@Singleton
class BodyLimit {
    /** Before Quarkus' own check of the size. */
    private static final int ORDER = -1000;

    private static final int TOO_LARGE = 413;

    private final long limitBytes;
    private final ObjectMapper json;
    private final BodyHandler bodies;

    BodyLimit(@ConfigProperty(name = "orders.max-body-size") MemorySize limit, ObjectMapper json) {
        this.limitBytes = limit.asLongValue();
        this.json = json;
        this.bodies = BodyHandler.create(false).setBodyLimit(limitBytes);
    }

    void register(@Observes Router router) {
        router.route().order(ORDER).handler(this::read).failureHandler(this::refuse);
        router.route().order(ORDER + 1).handler(BodyLimit::handOver);
    }

    private void read(RoutingContext request) {
        // Quarkus pauses each request
        request.request().resume();
        bodies.handle(request);
    }

    private static void handOver(RoutingContext request) {
        if (request.body().buffer() == null) {
            // Jakarta REST would wait for a body that it is not told of
            ((RoutingContextInternal) request).setBody(Buffer.buffer());
        }
        // the body handler's own: a client that hangs up from now on is no failure of the request
        request.request().exceptionHandler(null);
        request.next();
    }

    private void refuse(RoutingContext request) {
        if (request.statusCode() != TOO_LARGE) {
            request.next();
            return;
        }
        try {
            var problem =
                    Problem.of(ProblemType.BODY_TOO_LARGE, "It may have %d bytes at the most.".formatted(limitBytes));
            request.response()
                    .setStatusCode(TOO_LARGE)
                    .putHeader(HttpHeaders.CONTENT_TYPE, Problem.MEDIA_TYPE)
                    // the rest of the body is not read
                    .putHeader(HttpHeaders.CONNECTION, "close")
                    .end(json.writeValueAsString(problem));
        } catch (JsonProcessingException e) {
            request.fail(e);
        }
    }
}
