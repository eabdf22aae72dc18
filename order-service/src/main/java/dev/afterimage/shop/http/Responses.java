package dev.afterimage.shop.http;

import dev.afterimage.shop.outbox.Image;
import io.vertx.core.http.HttpServerRequest;
import jakarta.ws.rs.core.EntityTag;
import jakarta.ws.rs.core.HttpHeaders;
import jakarta.ws.rs.core.UriBuilder;
import java.util.List;
import java.util.Objects;
import java.util.UUID;
import org.jboss.resteasy.reactive.RestResponse;
import org.jboss.resteasy.reactive.RestResponse.ResponseBuilder;

/** Answers with an aggregate's image, its version being the entity tag, or with a page of them. */
public final class Responses {
    private Responses() {}

    public static <I extends Image> RestResponse<I> ok(I image) {
        return ResponseBuilder.ok(image).tag(tag(image)).build();
    }

    /**
     * The image, or 304 where the request's {@code If-None-Match} says that the client has this version.
     *
     * @throws Refusal.VersionMoved when its {@code If-Match} demands another version
     */
    public static <I extends Image> RestResponse<I> ok(String aggregate, I image, HttpHeaders headers) {
        return Preconditions.of(headers).isKnown(aggregate, image)
                ? ResponseBuilder.<I>notModified().tag(tag(image)).build()
                : ok(image);
    }

    /** 201, with the address at which the resource shows the new aggregate. */
    public static <I extends Image> RestResponse<I> created(Class<?> resource, I image) {
        return ResponseBuilder.create(RestResponse.Status.CREATED, image)
                .header(HttpHeaders.LOCATION, location(resource, image.id()))
                .tag(tag(image))
                .build();
    }

    /** Where the resource shows what has this id; without scheme and host, so that it also holds behind a proxy. */
    public static String location(Class<?> resource, UUID id) {
        return UriBuilder.fromResource(resource).path("{id}").build(id).toString();
    }

    /**
     * A page of a list.
     *
     * @param found the page and, where there is more, the first row behind it; that much is the {@code Link} to the next page
     */
    public static <I extends Image> RestResponse<List<I>> page(List<I> found, int limit, HttpServerRequest request) {
        if (found.size() <= limit) {
            return RestResponse.ok(found);
        }
        var page = found.subList(0, limit);
        var query = UriBuilder.fromUri("/")
                .replaceQuery(request.query())
                .replaceQueryParam(Query.AFTER, page.getLast().id())
                .build()
                .getRawQuery();
        // without scheme and host, so that it also holds behind a proxy and for a request that names no host
        return ResponseBuilder.ok(page)
                .header(
                        HttpHeaders.LINK,
                        "<%s?%s>; rel=\"next\""
                                .formatted(
                                        Objects.requireNonNull(request.path()).replaceFirst("^/+", "/"), query))
                .build();
    }

    private static EntityTag tag(Image image) {
        return new EntityTag(Long.toString(image.version()));
    }
}
