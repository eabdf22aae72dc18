package dev.afterimage.shop.http;

import dev.afterimage.shop.outbox.Image;
import jakarta.ws.rs.core.EntityTag;
import jakarta.ws.rs.core.UriBuilder;
import org.jboss.resteasy.reactive.RestResponse;

/** Answers with an aggregate's image; its version is the entity tag. */
public final class Answers {
    private Answers() {}

    public static <I extends Image> RestResponse<I> ok(I image) {
        return RestResponse.ResponseBuilder.ok(image).tag(tag(image)).build();
    }

    /** 201, with the address at which the resource shows the new aggregate. */
    public static <I extends Image> RestResponse<I> created(Class<?> resource, I image) {
        var location = UriBuilder.fromResource(resource).path("{id}").build(image.id());
        return RestResponse.ResponseBuilder.<I>created(location)
                .entity(image)
                .tag(tag(image))
                .build();
    }

    private static EntityTag tag(Image image) {
        return new EntityTag(Long.toString(image.version()));
    }
}
