package dev.afterimage.shop.web;

import io.quarkiverse.resteasy.problem.HttpProblem;
import io.quarkus.runtime.configuration.MemorySize;
import io.quarkus.vertx.http.runtime.filters.Filters;
import io.vertx.core.http.HttpHeaders;
import io.vertx.ext.web.RoutingContext;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.event.Observes;
import jakarta.ws.rs.core.Response;
import jakarta.ws.rs.ext.Provider;
import jakarta.ws.rs.ext.ReaderInterceptor;
import jakarta.ws.rs.ext.ReaderInterceptorContext;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import org.eclipse.microprofile.config.inject.ConfigProperty;
import org.jboss.resteasy.reactive.server.ServerExceptionMapper;

/**
 * Answers a body that is too large with a problem that names the limit. Quarkus's own, larger limit works below Jakarta
 * REST and closes the connection without an answer.
 */
@Provider
@ApplicationScoped
class BodyLimit implements ReaderInterceptor {

    /** Before Quarkus' own check of the size. */
    private static final int PRIORITY = 1000;

    private final long limitBytes;
    private final HttpRefusals refusals;

    BodyLimit(@ConfigProperty(name = "orders.max-body-size") MemorySize limit, HttpRefusals refusals) {
        this.limitBytes = limit.asLongValue();
        this.refusals = refusals;
    }

    void register(@Observes Filters filters) {
        filters.register(this::check, PRIORITY);
    }

    /** A body whose Content-Length is too large is refused before any of its bytes is read. */
    private void check(RoutingContext request) {
        var length = request.request().getHeader(HttpHeaders.CONTENT_LENGTH);
        if (length == null || (length.length() < 19 && Long.parseLong(length) <= limitBytes)) {
            request.next();
            return;
        }
        refusals.answer(request, problem().build());
    }

    /** Counts the bytes of a chunked body while it is read. */
    @Override
    public Object aroundReadFrom(ReaderInterceptorContext context) throws IOException {
        context.setInputStream(new Counted(context.getInputStream()));
        return context.proceed();
    }

    @ServerExceptionMapper
    Response tooLarge(TooLarge tooLarge, RoutingContext request) {
        HttpRefusals.closeSoon(request);
        return problem().build().toResponse();
    }

    private HttpProblem.Builder problem() {
        return ProblemType.BODY_TOO_LARGE.problem("The body may have at most %d bytes.".formatted(limitBytes));
    }

    /** Checked, because the JSON parser passes an IOException on unchanged but wraps an unchecked exception. */
    static final class TooLarge extends IOException {}

    private final class Counted extends FilterInputStream {

        private long readBytes;

        Counted(InputStream body) {
            super(body);
        }

        @Override
        public int read() throws IOException {
            var next = super.read();
            count(next < 0 ? 0 : 1);
            return next;
        }

        @Override
        public int read(byte[] buffer, int offset, int length) throws IOException {
            var read = super.read(buffer, offset, length);
            count(Math.max(read, 0));
            return read;
        }

        private void count(int bytes) throws IOException {
            readBytes += bytes;
            if (readBytes > limitBytes) {
                throw new TooLarge();
            }
        }
    }
}
