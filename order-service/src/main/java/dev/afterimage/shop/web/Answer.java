package dev.afterimage.shop.web;

import jakarta.ws.rs.core.HttpHeaders;
import jakarta.ws.rs.core.MediaType;
import java.util.UUID;
import org.jboss.resteasy.reactive.RestResponse;
import org.jboss.resteasy.reactive.RestResponse.ResponseBuilder;
import org.jspecify.annotations.Nullable;

/**
 * The answer to a POST, as it is stored with the idempotency key.
 *
 * @param location relative, so that it is also right behind a proxy; null if nothing was created
 * @param tag the entity tag in double quotes; null if the body has none
 */
public record Answer<T>(
        int status, @Nullable String location, @Nullable String tag, T body) {

    /** 201 with the address and the version of the new aggregate. */
    public static <T> Answer<T> created(String list, UUID id, long version, T body) {
        return new Answer<>(201, list + "/" + id, "\"%d\"".formatted(version), body);
    }

    public RestResponse<T> response() {
        var response = ResponseBuilder.<T>create(status)
                .entity(body)
                .type(MediaType.APPLICATION_JSON_TYPE.withCharset("UTF-8"));
        if (location != null) {
            response.header(HttpHeaders.LOCATION, location);
        }
        if (tag != null) {
            response.header(HttpHeaders.ETAG, tag);
        }
        return response.build();
    }
}
