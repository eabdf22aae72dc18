package dev.afterimage.shop.http;

import dev.afterimage.shop.outbox.Image;
import jakarta.ws.rs.core.EntityTag;
import jakarta.ws.rs.core.HttpHeaders;
import jakarta.ws.rs.core.Request;
import jakarta.ws.rs.core.UriBuilder;
import jakarta.ws.rs.core.UriInfo;
import java.util.List;
import org.jboss.resteasy.reactive.RestResponse;
import org.jboss.resteasy.reactive.RestResponse.ResponseBuilder;

/** Answers with an aggregate's image, its version being the entity tag, or with a page of them. */
public final class Answers {
    private Answers() {}

    public static <I extends Image> RestResponse<I> ok(I image) {
        return ResponseBuilder.ok(image).tag(tag(image)).build();
    }

    /** The image, or 304 where the request's {@code If-None-Match} says that the client has this version. */
    public static <I extends Image> RestResponse<I> ok(I image, Request request) {
        if (request.evaluatePreconditions(tag(image)) == null) {
            return ok(image);
        }
        return ResponseBuilder.<I>notModified().tag(tag(image)).build();
    }

    /** 201, with the address at which the resource shows the new aggregate. */
    public static <I extends Image> RestResponse<I> created(Class<?> resource, I image) {
        var location = UriBuilder.fromResource(resource).path("{id}").build(image.id());
        return ResponseBuilder.<I>created(location)
                .entity(image)
                .tag(tag(image))
                .build();
    }

    /**
     * A page of a list.
     *
     * @param found the page and, where there is more, the first row behind it; that much is the {@code Link} to the next page
     */
    public static <I extends Image> RestResponse<List<I>> page(List<I> found, int limit, UriInfo uri) {
        if (found.size() <= limit) {
            return RestResponse.ok(found);
        }
        var page = found.subList(0, limit);
        var next = uri.getRequestUriBuilder()
                .replaceQueryParam(Query.AFTER, page.getLast().id())
                .build();
        // without scheme and host, so that it also holds behind a proxy
        return ResponseBuilder.ok(page)
                .header(HttpHeaders.LINK, "<%s?%s>; rel=\"next\"".formatted(next.getRawPath(), next.getRawQuery()))
                .build();
    }

    private static EntityTag tag(Image image) {
        return new EntityTag(Long.toString(image.version()));
    }
}
