package dev.afterimage.shop.web;

import static java.util.stream.Collectors.joining;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.exc.StreamReadException;
import com.fasterxml.jackson.databind.JsonMappingException;
import com.fasterxml.jackson.databind.exc.InvalidFormatException;
import com.fasterxml.jackson.databind.exc.MismatchedInputException;
import com.fasterxml.jackson.databind.exc.UnrecognizedPropertyException;
import dev.afterimage.shop.Refusal;
import io.quarkiverse.resteasy.problem.HttpProblem;
import io.quarkus.logging.Log;
import io.quarkus.security.AuthenticationFailedException;
import io.quarkus.security.ForbiddenException;
import io.quarkus.security.UnauthorizedException;
import jakarta.annotation.security.RolesAllowed;
import jakarta.validation.ConstraintViolationException;
import jakarta.ws.rs.NotFoundException;
import jakarta.ws.rs.Priorities;
import jakarta.ws.rs.WebApplicationException;
import jakarta.ws.rs.container.ResourceInfo;
import jakarta.ws.rs.core.HttpHeaders;
import jakarta.ws.rs.core.Response;
import jakarta.ws.rs.core.UriInfo;
import java.io.IOException;
import java.sql.SQLException;
import java.util.Arrays;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jboss.resteasy.reactive.server.ServerExceptionMapper;
import org.jose4j.jwt.consumer.InvalidJwtException;
import org.jspecify.annotations.Nullable;

/** Turns each exception into a problem. No answer contains a class name, a stack trace or SQL. */
class Problems {

    /**
     * Before the mappers of quarkus-resteasy-problem, which show the messages of exceptions. On Quarkus 3.33 its mapper
     * for a missing or bad token fails with a {@code NoSuchFieldError}.
     */
    private static final int FIRST = Priorities.AUTHENTICATION - 2;

    /**
     * No connection in time (no SQLSTATE), a broken connection (class 08), a refused login (28), too many connections
     * (53), a server that shuts down or starts (57P), a transaction that takes too long, whose connection PostgreSQL
     * closes (25P03, 25P04), a database that is read-only, as after a failover (25006), or missing (3D000).
     */
    private static final Pattern AWAY = Pattern.compile("|(08|28|53|57P).*|25P0[34]|25006|3D000");
    /**
     * Two requests waited for each other (40001, 40P01), or one waited too long for a lock (55P03) or ran too long
     * (57014).
     */
    private static final Pattern COLLISION = Pattern.compile("40001|40P01|55P03|57014");

    private final Parameters parameters;

    Problems(Parameters parameters) {
        this.parameters = parameters;
    }

    /** Lists each class for which the extension or Quarkus has a mapper, because the closest class decides. */
    @ServerExceptionMapper(
            priority = FIRST,
            value = {
                Throwable.class,
                Exception.class,
                HttpProblem.class,
                ConstraintViolationException.class,
                JsonProcessingException.class,
                StreamReadException.class,
                JsonMappingException.class,
                MismatchedInputException.class,
                InvalidFormatException.class,
                UnrecognizedPropertyException.class,
                UnauthorizedException.class,
                AuthenticationFailedException.class,
                ForbiddenException.class,
                WebApplicationException.class,
                NotFoundException.class,
                jakarta.ws.rs.ForbiddenException.class
            })
    Response answer(Throwable failure, ResourceInfo resource, UriInfo uri) {
        return problem(failure, resource, uri).toResponse();
    }

    private HttpProblem problem(Throwable failure, ResourceInfo resource, UriInfo uri) {
        return switch (failure) {
            case HttpProblem problem -> problem;
            case Refusal refusal -> of(refusal);
            case ConstraintViolationException invalid ->
                of(Refusal.invalid(Parameters.invalid(invalid.getConstraintViolations(), resource)));
            case JsonProcessingException unreadable -> unreadable(unreadable);
            case UnauthorizedException _ -> challenge("The request has no token.", "Bearer");
            case AuthenticationFailedException distrusted -> distrusted(distrusted);
            case ForbiddenException _ ->
                ProblemType.FORBIDDEN.problem(neededRole(resource)).build();
            case WebApplicationException rejected -> rejected(rejected, resource, uri);
            // the client has closed the connection, so nobody reads the answer
            case IOException gone -> {
                Log.debugf("client hung up: %s", gone.getMessage());
                yield ProblemType.INVALID_REQUEST.problem(null).build();
            }
            default -> failed(failure);
        };
    }

    private static HttpProblem of(Refusal refusal) {
        var problem = ProblemType.valueOf(refusal.reason().name()).problem(refusal.getMessage());
        refusal.members().forEach(problem::with);
        return problem.build();
    }

    private static HttpProblem challenge(String detail, String challenge) {
        return ProblemType.UNAUTHENTICATED
                .problem(detail)
                .withHeader(HttpHeaders.WWW_AUTHENTICATE, challenge)
                .build();
    }

    /** The answer to a refused token says only whether it has expired, never what else is wrong with it. */
    private static HttpProblem distrusted(Throwable distrusted) {
        for (var cause = distrusted; cause != null; cause = cause.getCause()) {
            if (cause instanceof InvalidJwtException token && token.hasExpired()) {
                return challenge(
                        "The token has expired.",
                        "Bearer error=\"invalid_token\", error_description=\"The token has expired\"");
            }
        }
        return challenge("The token is not valid.", "Bearer error=\"invalid_token\"");
    }

    private static String neededRole(ResourceInfo resource) {
        return Stream.of(resource.getResourceMethod(), resource.getResourceClass())
                .map(element -> element.getAnnotation(RolesAllowed.class))
                .filter(roles -> roles != null)
                .map(roles -> "The operation needs the role %s.".formatted(String.join(" or ", roles.value())))
                .findFirst()
                .orElse("No role allows the operation.");
    }

    private HttpProblem rejected(WebApplicationException rejected, ResourceInfo resource, UriInfo uri) {
        if (rejected.getCause() instanceof JsonProcessingException unreadable) {
            return unreadable(unreadable);
        }
        if (rejected.getCause() instanceof Parameters.Unreadable) {
            return of(Refusal.invalid(parameters.invalid(resource, uri)));
        }
        var status = rejected.getResponse().getStatus();
        return ProblemType.of(status)
                .filter(_ -> status < 500)
                .map(type -> type.problem(null).build())
                .orElseGet(() -> failed(rejected));
    }

    private static HttpProblem failed(Throwable failure) {
        var away = cause(failure, AWAY);
        if (away != null) {
            Log.warnf("database does not answer: %s", away.getMessage());
            return later(ProblemType.DATABASE_AWAY, "The request may or may not have been carried out.", 2);
        }
        var collision = cause(failure, COLLISION);
        if (collision != null) {
            // without the message, because it contains customer data
            Log.infof("request collided with another sqlState=%s", collision.getSQLState());
            return later(ProblemType.COLLISION, "Nothing was done. Send the request again.", 1);
        }
        Log.error("request failed", failure);
        return ProblemType.FAILED.problem(null).build();
    }

    private static HttpProblem later(ProblemType type, String detail, int seconds) {
        return type.problem(detail).withHeader(HttpHeaders.RETRY_AFTER, seconds).build();
    }

    /** The cause that shows that the database is unavailable; null if there is none. */
    static @Nullable SQLException databaseAway(Throwable failure) {
        return cause(failure, AWAY);
    }

    /**
     * Also searches suppressed exceptions: the transaction manager adds the failure of a commit there, not as the
     * cause.
     */
    private static @Nullable SQLException cause(Throwable failure, Pattern states) {
        if (failure instanceof SQLException sql
                && states.matcher(sql.getSQLState() == null ? "" : sql.getSQLState())
                        .matches()) {
            return sql;
        }
        return Stream.concat(Stream.ofNullable(failure.getCause()), Stream.of(failure.getSuppressed()))
                .flatMap(reason -> Stream.ofNullable(cause(reason, states)))
                .findFirst()
                .orElse(null);
    }

    private static HttpProblem unreadable(JsonProcessingException unreadable) {
        return switch (unreadable) {
            case UnrecognizedPropertyException unknown -> of(Refusal.invalid(path(unknown), "is not a known field"));
            case InvalidFormatException wrong
            when wrong.getTargetType() != null && wrong.getTargetType().isEnum() ->
                of(Refusal.invalid(
                        path(wrong),
                        "must be one of "
                                + Arrays.toString(wrong.getTargetType().getEnumConstants())));
            case MismatchedInputException wrong -> of(Refusal.invalid(path(wrong), "has the wrong type or format"));
            default -> malformed(unreadable);
        };
    }

    private static HttpProblem malformed(JsonProcessingException broken) {
        var at = broken.getLocation();
        var problem = ProblemType.MALFORMED_JSON.problem(
                at == null ? null : "Line %d, column %d.".formatted(at.getLineNr(), at.getColumnNr()));
        var field = position(broken);
        if (!field.isEmpty()) {
            problem.with("errors", List.of(new Refusal.Field(field, "is not valid JSON")));
        }
        return problem.build();
    }

    private static String path(JsonMappingException exception) {
        var path = exception.getPath().stream()
                .map(step -> step.getFieldName() == null ? "[" + step.getIndex() + "]" : "." + step.getFieldName())
                .collect(joining())
                .replaceFirst("^\\.", "");
        return path.isEmpty() ? Parameters.BODY : path;
    }

    /** The path of the field in which the JSON is invalid; empty outside of a field. */
    private static String position(JsonProcessingException broken) {
        return broken.getProcessor() instanceof JsonParser parser
                ? parser.getParsingContext()
                        .pathAsPointer()
                        .toString()
                        .replaceAll("/([0-9]+)", "[$1]")
                        .replace('/', '.')
                        .replaceFirst("^\\.", "")
                : "";
    }
}
