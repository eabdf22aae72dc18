package dev.afterimage.shop.web;

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

/** Builds answers: an aggregate's image, with its version as the entity tag, or a page of images. */
public final class Responses {
    private Responses() {}

    public static <I extends Image> RestResponse<I> ok(I image) {
        return ResponseBuilder.ok(image).tag(tag(image)).build();
    }

    /**
     * The image, or 304 if {@code If-None-Match} shows that the client has this version.
     *
     * @throws Refusal.VersionMoved when {@code If-Match} requires another version
     */
    public static <I extends Image> RestResponse<I> ok(String aggregate, I image, HttpHeaders headers) {
        return Preconditions.of(headers).isKnown(aggregate, image)
                ? ResponseBuilder.<I>notModified().tag(tag(image)).build()
                : ok(image);
    }

    /** 201 with the address of the new aggregate. */
    public static <I extends Image> RestResponse<I> created(Class<?> resource, I image) {
        return ResponseBuilder.create(RestResponse.Status.CREATED, image)
                .header(HttpHeaders.LOCATION, location(resource, image.id()))
                .tag(tag(image))
                .build();
    }

    /** The address of the aggregate, without scheme and host, so that it is also right behind a proxy. */
    public static String location(Class<?> resource, UUID id) {
        return UriBuilder.fromResource(resource).path("{id}").build(id).toString();
    }

    /**
     * A page of a list.
     *
     * @param found the rows of the page, and one more row if there is a next page; that row only decides whether the
     *     answer has a {@code Link}
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
        // without scheme and host, so that it is also right behind a proxy and for a request without a Host header
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
