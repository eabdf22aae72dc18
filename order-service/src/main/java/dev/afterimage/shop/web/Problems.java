package dev.afterimage.shop.web;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonStreamContext;
import com.fasterxml.jackson.core.exc.StreamReadException;
import com.fasterxml.jackson.databind.JsonMappingException;
import com.fasterxml.jackson.databind.exc.InvalidFormatException;
import com.fasterxml.jackson.databind.exc.MismatchedInputException;
import com.fasterxml.jackson.databind.exc.UnrecognizedPropertyException;
import dev.afterimage.shop.web.Problem.FieldError;
import io.quarkus.logging.Log;
import io.quarkus.security.AuthenticationFailedException;
import io.quarkus.security.ForbiddenException;
import io.quarkus.security.UnauthorizedException;
import jakarta.validation.ConstraintViolation;
import jakarta.validation.ConstraintViolationException;
import jakarta.ws.rs.WebApplicationException;
import jakarta.ws.rs.core.HttpHeaders;
import java.io.IOException;
import java.sql.SQLException;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.function.Predicate;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jboss.resteasy.reactive.RestResponse;
import org.jboss.resteasy.reactive.server.ServerExceptionMapper;
import org.jose4j.jwt.consumer.InvalidJwtException;
import org.jspecify.annotations.Nullable;

/** Maps exceptions to answers. No answer contains a class name, a stack trace or SQL. */
class Problems {
    static final String NO_TOKEN = "The request has none.";
    static final String NO_ROLE = "It has no role that does.";
    static final String UNDONE = "Nothing was done: send it again.";
    static final String UNCERTAIN = "What was under way may or may not have been done.";
    private static final String BODY = "body";
    /** Includes 25P03 and 25P04: PostgreSQL closes a connection whose transaction takes too long. */
    private static final Pattern AWAY = Pattern.compile("(08|53|57P).*|25P0[34]");
    /**
     * Two requests waited for each other (40001, 40P01), or one waited too long for a lock (55P03) or ran too long
     * (57014).
     */
    private static final Pattern COLLISION = Pattern.compile("40001|40P01|55P03|57014");

    @ServerExceptionMapper
    RestResponse<Problem> refused(Refusal refusal) {
        return answer(refusal.problem());
    }

    @ServerExceptionMapper
    RestResponse<Problem> anonymous(UnauthorizedException anonymous) {
        return challenge(NO_TOKEN, "Bearer");
    }

    /** The answer to a refused token says only whether it has expired, never what else is wrong with it. */
    @ServerExceptionMapper
    RestResponse<Problem> distrusted(AuthenticationFailedException distrusted) {
        for (Throwable cause = distrusted; cause != null; cause = cause.getCause()) {
            if (cause instanceof InvalidJwtException token && token.hasExpired()) {
                return challenge(
                        "It has expired.",
                        "Bearer error=\"invalid_token\", error_description=\"The token has expired\"");
            }
        }
        return challenge("It is not valid.", "Bearer error=\"invalid_token\"");
    }

    @ServerExceptionMapper
    RestResponse<Problem> forbidden(ForbiddenException forbidden) {
        return answer(Problem.of(ProblemType.FORBIDDEN, NO_ROLE));
    }

    @ServerExceptionMapper
    RestResponse<Problem> invalid(ConstraintViolationException invalid) {
        return answer(Problem.invalid(invalid.getConstraintViolations().stream()
                .map(violation -> new FieldError(field(violation), violation.getMessage()))
                .sorted(Comparator.comparing(FieldError::field).thenComparing(FieldError::message))
                .toList()));
    }

    @ServerExceptionMapper({
        MismatchedInputException.class,
        JsonMappingException.class,
        StreamReadException.class,
        JsonProcessingException.class
    })
    RestResponse<Problem> unreadable(JsonProcessingException unreadable) {
        return answer(problemOf(unreadable));
    }

    @ServerExceptionMapper
    RestResponse<Problem> rejected(WebApplicationException rejected) {
        if (rejected.getCause() instanceof JsonProcessingException unreadable) {
            return answer(problemOf(unreadable));
        }
        var response = rejected.getResponse();
        var problem =
                switch (response.getStatus()) {
                    case 400 -> Problem.of(ProblemType.INVALID_REQUEST, null);
                    case 401 -> Problem.of(ProblemType.UNAUTHENTICATED, null);
                    case 403 -> Problem.of(ProblemType.FORBIDDEN, null);
                    case 404 -> Problem.of(ProblemType.UNKNOWN_ADDRESS, null);
                    case 405 -> Problem.of(ProblemType.METHOD_NOT_ALLOWED, null);
                    case 406 -> Problem.of(ProblemType.NOT_ACCEPTABLE, null);
                    case 413 -> Problem.of(ProblemType.BODY_TOO_LARGE, null);
                    case 415 -> Problem.of(ProblemType.UNSUPPORTED_MEDIA_TYPE, null);
                    default -> null;
                };
        return problem == null ? failed(rejected) : answer(problem);
    }

    /** The client has closed the connection, so nobody reads the answer. */
    @ServerExceptionMapper
    RestResponse<Problem> hungUp(IOException gone) {
        Log.debugf("client hung up: %s", gone.getMessage());
        return answer(Problem.of(ProblemType.INVALID_REQUEST, null));
    }

    @ServerExceptionMapper
    RestResponse<Problem> failed(Throwable failure) {
        var away = databaseAway(failure);
        if (away != null) {
            Log.warnf("database does not answer: %s", away.getMessage());
            return later(Problem.of(ProblemType.DATABASE_AWAY, UNCERTAIN), 2);
        }
        var collision =
                cause(failure, sql -> COLLISION.matcher(sql.getSQLState()).matches());
        if (collision != null) {
            // without the message, because it contains customer data
            Log.infof("request collided with another sqlState=%s", collision.getSQLState());
            return later(Problem.of(ProblemType.COLLISION, UNDONE), 1);
        }
        Log.error("request failed", failure);
        return answer(Problem.of(ProblemType.FAILED, null));
    }

    /**
     * Returns the cause that shows that the database is unavailable: no connection in time (no SQLSTATE), a broken
     * connection (class 08), too many connections (53), or a server that shuts down or starts (57P).
     */
    static @Nullable SQLException databaseAway(Throwable failure) {
        return cause(
                failure,
                sql -> sql.getSQLState() == null
                        || AWAY.matcher(sql.getSQLState()).matches());
    }

    /**
     * Also searches suppressed exceptions: the transaction manager adds the failure of a commit there, not as the
     * cause.
     */
    private static @Nullable SQLException cause(Throwable failure, Predicate<SQLException> wanted) {
        if (failure instanceof SQLException sql && wanted.test(sql)) {
            return sql;
        }
        return Stream.concat(Stream.ofNullable(failure.getCause()), Stream.of(failure.getSuppressed()))
                .flatMap(reason -> Stream.ofNullable(cause(reason, wanted)))
                .findFirst()
                .orElse(null);
    }

    private static RestResponse<Problem> challenge(String detail, String challenge) {
        return RestResponse.ResponseBuilder.<Problem>create(401)
                .entity(Problem.of(ProblemType.UNAUTHENTICATED, detail))
                .type(Problem.MEDIA_TYPE)
                .header(HttpHeaders.WWW_AUTHENTICATE, challenge)
                .build();
    }

    private static RestResponse<Problem> later(Problem problem, int seconds) {
        return RestResponse.ResponseBuilder.<Problem>create(problem.status())
                .entity(problem)
                .type(Problem.MEDIA_TYPE)
                .header("Retry-After", seconds)
                .build();
    }

    private static RestResponse<Problem> answer(Problem problem) {
        return RestResponse.ResponseBuilder.<Problem>create(problem.status())
                .entity(problem)
                .type(Problem.MEDIA_TYPE)
                .build();
    }

    private static Problem problemOf(JsonProcessingException unreadable) {
        return switch (unreadable) {
            case UnrecognizedPropertyException unknown ->
                Problem.invalid(List.of(new FieldError(path(unknown), "is not known here")));
            case InvalidFormatException wrong
            when wrong.getTargetType() != null && wrong.getTargetType().isEnum() ->
                Problem.invalid(List.of(new FieldError(
                        path(wrong),
                        "must be one of "
                                + Arrays.toString(wrong.getTargetType().getEnumConstants()))));
            case MismatchedInputException wrong ->
                Problem.invalid(List.of(new FieldError(path(wrong), "has the wrong type or format")));
            default -> {
                var field = position(unreadable);
                var location = unreadable.getLocation();
                yield Problem.of(
                        ProblemType.MALFORMED_JSON,
                        location == null
                                ? null
                                : "Line %d, column %d.".formatted(location.getLineNr(), location.getColumnNr()),
                        field == null ? List.of() : List.of(new FieldError(field, "is not valid JSON")));
            }
        };
    }

    /** Removes method and parameter: "place.request.items[0].quantity" becomes "items[0].quantity". */
    private static String field(ConstraintViolation<?> violation) {
        var path = violation.getPropertyPath().toString().replaceAll("\\.?<[^>]*>$", "");
        var names = path.split("\\.", 3);
        return names.length == 3 ? names[2] : BODY;
    }

    private static String path(JsonMappingException exception) {
        var path = new StringBuilder();
        for (var step : exception.getPath()) {
            if (step.getFieldName() == null) {
                path.append('[').append(step.getIndex()).append(']');
            } else {
                path.append(path.isEmpty() ? "" : ".").append(step.getFieldName());
            }
        }
        return path.isEmpty() ? BODY : path.toString();
    }

    /** The path of the field in which the JSON is invalid; null outside of a field. */
    private static @Nullable String position(JsonProcessingException broken) {
        if (!(broken.getProcessor() instanceof JsonParser parser)) {
            return null;
        }
        var path = new StringBuilder();
        for (JsonStreamContext at = parser.getParsingContext(); at != null; at = at.getParent()) {
            if (at.inArray()) {
                path.insert(0, "[" + at.getCurrentIndex() + "]");
            } else if (at.getCurrentName() != null) {
                path.insert(0, "." + at.getCurrentName());
            }
        }
        return path.isEmpty() ? null : path.substring(path.charAt(0) == '.' ? 1 : 0);
    }
}
