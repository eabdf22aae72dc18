package dev.afterimage.projection.web;

import io.quarkiverse.resteasy.problem.HttpProblem;
import java.net.URI;
import java.util.Arrays;
import java.util.Locale;
import java.util.Optional;

/**
 * All kinds of error answers. The name becomes the {@code type} of the problem, which is stable and has the same form
 * as in order-service. Titles are for people and may change.
 *
 * @see <a href="https://www.rfc-editor.org/rfc/rfc9457#section-3.1.1">RFC 9457, type</a>
 */
public enum ProblemType {
    INVALID_REQUEST(400, "The request is not valid"),
    MALFORMED_JSON(400, "The body is not valid JSON"),
    UNAUTHENTICATED(401, "A valid bearer token is needed"),
    FORBIDDEN(403, "The token does not allow this"),
    UNKNOWN_ADDRESS(404, "There is nothing at this address"),
    UNKNOWN_ID(404, "There is none of this id"),
    METHOD_NOT_ALLOWED(405, "This address does not take this method"),
    NOT_ACCEPTABLE(406, "The request does not accept what the answer would be"),
    REBUILD_RUNNING(409, "A rebuild is running"),
    STILL_REFUSED(409, "The dead letter is still refused"),
    VERSION_MOVED(412, "It is not at the version that the request demands"),
    UNSUPPORTED_MEDIA_TYPE(415, "The body must be application/json"),
    FAILED(500, "The service failed"),
    DATABASE_AWAY(503, "The database does not answer"),
    NOT_APPLIED_IN_TIME(504, "The version was not applied in time");

    private final int status;
    private final String title;

    ProblemType(int status, String title) {
        this.status = status;
        this.title = title;
    }

    /** A builder for a problem of this type. */
    public HttpProblem.Builder problem() {
        return HttpProblem.builder()
                .withType(URI.create("urn:problem-type:afterimage:"
                        + name().toLowerCase(Locale.ROOT).replace('_', '-')))
                .withTitle(title)
                .withStatus(status);
    }

    /** The first type with this status; empty if there is none. */
    static Optional<ProblemType> of(int status) {
        return Arrays.stream(values()).filter(type -> type.status == status).findFirst();
    }
}
