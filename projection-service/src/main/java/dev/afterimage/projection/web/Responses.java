package dev.afterimage.projection.web;

import dev.afterimage.projection.Refusal;
import io.vertx.core.http.HttpServerRequest;
import jakarta.ws.rs.core.HttpHeaders;
import jakarta.ws.rs.core.UriBuilder;
import java.util.List;
import java.util.Objects;
import java.util.function.Function;
import org.jboss.resteasy.reactive.RestResponse;
import org.jboss.resteasy.reactive.RestResponse.ResponseBuilder;

/** Builds answers: an aggregate with its entity tag, or a page of a list. */
public final class Responses {

    private Responses() {}

    public static <T> RestResponse<T> ok(T entity, Object opaqueTag) {
        return ResponseBuilder.ok(entity).tag(opaqueTag.toString()).build();
    }

    /**
     * The aggregate, or 304 if {@code If-None-Match} shows that the client has this version.
     *
     * @param opaqueTag the entity tag without the quotes
     * @throws Refusal when {@code If-Match} requires another version
     */
    public static <T> RestResponse<T> ok(
            String aggregate, T entity, long version, Object opaqueTag, HttpHeaders headers) {
        return Preconditions.of(headers).isKnown(aggregate, version, opaqueTag.toString())
                ? ResponseBuilder.<T>notModified().tag(opaqueTag.toString()).build()
                : ok(entity, opaqueTag);
    }

    /**
     * A page of a list.
     *
     * @param found the rows of the page, and one more row if there is a next page; that row only decides whether the
     *     answer has a {@code Link}
     * @param cursor the parameter {@code after} of the page that begins after a row
     */
    public static <T> RestResponse<List<T>> page(
            List<T> found, int limit, Function<? super T, ?> cursor, HttpServerRequest request) {
        if (found.size() <= limit) {
            return RestResponse.ok(found);
        }
        var page = found.subList(0, limit);
        var query = UriBuilder.fromUri("/")
                .replaceQuery(request.query())
                .replaceQueryParam("after", cursor.apply(page.getLast()))
                .build()
                .getRawQuery();
        // without scheme and host, so that it is also right behind a proxy and for a request without a Host header
        var path = Objects.requireNonNull(request.path()).replaceFirst("^/+", "/");
        return ResponseBuilder.ok(page)
                .header(HttpHeaders.LINK, "<%s?%s>; rel=\"next\"".formatted(path, query))
                .build();
    }
}
