package dev.afterimage.shop.web;

import com.fasterxml.jackson.annotation.JsonValue;
import io.quarkus.runtime.annotations.RegisterForReflection;
import java.util.Locale;

/**
 * All kinds of error answers. The name becomes the {@code type} of the problem, which is stable: clients distinguish
 * problems by it. Titles are for people and may change.
 *
 * @see <a href="https://www.rfc-editor.org/rfc/rfc9457#section-3.1.1">RFC 9457, type</a>
 */
@RegisterForReflection
public enum ProblemType {
    INVALID_REQUEST(400, "The request is not valid"),
    MALFORMED_JSON(400, "The body is not valid JSON"),
    UNAUTHENTICATED(401, "A valid bearer token is needed"),
    FORBIDDEN(403, "The token does not allow this"),
    UNKNOWN_ID(404, "There is none of this id"),
    UNKNOWN_ADDRESS(404, "There is nothing at this address"),
    METHOD_NOT_ALLOWED(405, "This address does not take this method"),
    NOT_ACCEPTABLE(406, "The answer would be JSON, which the request does not accept"),
    DUPLICATE(409, "Another one has this value, which must be unique"),
    IN_USE(409, "It is in use"),
    TRANSITION_NOT_ALLOWED(409, "The order cannot take this status"),
    ITEMS_FIXED(409, "The items of this order are fixed"),
    SNAPSHOT_RUNNING(409, "A snapshot of this aggregate is running"),
    VERSION_MOVED(412, "It is not at the version that the request demands"),
    BODY_TOO_LARGE(413, "The body is too large"),
    UNSUPPORTED_MEDIA_TYPE(415, "The body must be application/json"),
    KEY_REUSED(422, "This Idempotency-Key belongs to another request"),
    FAILED(500, "The service failed"),
    COLLISION(503, "It collided with another request"),
    DATABASE_AWAY(503, "The database does not answer");

    private final int status;
    private final String title;

    ProblemType(int status, String title) {
        this.status = status;
        this.title = title;
    }

    public int status() {
        return status;
    }

    public String title() {
        return title;
    }

    /** A name, not an address: {@code urn:problem-type:afterimage:version-moved}. */
    @JsonValue
    public String uri() {
        return "urn:problem-type:afterimage:" + name().toLowerCase(Locale.ROOT).replace('_', '-');
    }
}
