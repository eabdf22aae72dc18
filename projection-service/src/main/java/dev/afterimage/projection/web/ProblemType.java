package dev.afterimage.projection.web;

import io.quarkiverse.resteasy.problem.HttpProblem;
import io.quarkus.runtime.annotations.RegisterForReflection;
import java.net.URI;
import java.util.Arrays;
import java.util.Locale;
import java.util.Optional;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * All kinds of error answers. The name becomes the {@code type} of the problem, which is stable: clients distinguish
 * problems by it. Titles are for people and may change.
 *
 * @see <a href="https://www.rfc-editor.org/rfc/rfc9457#section-3.1.1">RFC 9457, type</a>
 */
@RegisterForReflection // looked up by name
public enum ProblemType {
    INVALID_REQUEST(400, "The request is not valid", _ -> true),
    MALFORMED_JSON(400, "The body is not valid JSON", Shape::takesBody),
    UNAUTHENTICATED(401, "A valid bearer token is needed", Shape::needsRole),
    FORBIDDEN(403, "The token does not allow this", Shape::needsRole),
    UNKNOWN_ADDRESS(404, "There is nothing at this address"),
    UNKNOWN_ID(404, "Nothing has this id", shape -> shape.takes("id")),
    METHOD_NOT_ALLOWED(405, "This address does not take this method"),
    NOT_ACCEPTABLE(406, "The request accepts no media type of the answer", Shape::answersJson),
    REBUILD_RUNNING(409, "A rebuild is running"),
    STILL_REFUSED(409, "The dead letter is still refused"),
    VERSION_MOVED(412, "The precondition of the request does not hold", Shape::isGuarded),
    BODY_TOO_LARGE(413, "The body is too large", Shape::takesBody),
    TARGET_TOO_LONG(414, "The request target is too long"),
    UNSUPPORTED_MEDIA_TYPE(415, "The body must be application/json", Shape::takesBody),
    HEADERS_TOO_LARGE(431, "The headers are too large"),
    FAILED(500, "The service failed"),
    COLLISION(503, "The request collided with another request", Shape::changes),
    DATABASE_AWAY(503, "The database does not answer", Shape::usesDatabase),
    NOT_APPLIED_IN_TIME(504, "The version was not applied in time", shape -> shape.takes("minVersion"));

    /** The OpenAPI extension in which an operation names, separated by blanks, problems that its shape does not tell. */
    public static final String DECLARED = "x-problems";

    private final int status;
    private final String title;

    @SuppressWarnings("ImmutableEnumChecker") // the predicates have no state
    private final Predicate<Shape> place;

    /** Belongs to no operation, or to the operations that declare it. */
    ProblemType(int status, String title) {
        this(status, title, _ -> false);
    }

    /** @param place to which operations the type belongs */
    ProblemType(int status, String title, Predicate<Shape> place) {
        this.status = status;
        this.title = title;
        this.place = place;
    }

    /** The first type with this status; empty if there is none. */
    static Optional<ProblemType> of(int status) {
        return Arrays.stream(values()).filter(type -> type.status == status).findFirst();
    }

    boolean occurs(Shape shape) {
        return place.test(shape) || shape.declares(this);
    }

    int status() {
        return status;
    }

    String title() {
        return title;
    }

    /** The last part of the uri: {@code version-moved}. */
    String label() {
        return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }

    /** A name, not an address: {@code urn:problem-type:afterimage:version-moved}. */
    public String uri() {
        return "urn:problem-type:afterimage:" + label();
    }

    /**
     * A problem of this type.
     *
     * @param detail additional information for the client; null if the title says everything
     */
    HttpProblem.Builder problem(@Nullable String detail) {
        return HttpProblem.builder()
                .withType(URI.create(uri()))
                .withTitle(title)
                .withStatus(status)
                .withDetail(detail);
    }
}
