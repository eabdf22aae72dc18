package dev.afterimage.projection.web;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonMappingException;
import com.fasterxml.jackson.databind.exc.MismatchedInputException;
import com.fasterxml.jackson.databind.exc.UnrecognizedPropertyException;
import dev.afterimage.projection.sql.DatabaseAway;
import io.quarkiverse.resteasy.problem.HttpProblem;
import io.quarkus.logging.Log;
import jakarta.ws.rs.core.HttpHeaders;
import jakarta.ws.rs.core.Response;
import org.jboss.resteasy.reactive.server.ServerExceptionMapper;

/** Maps failures to answers. */
class Problems {

    private static final String BODY = "body";

    /**
     * Replaces RESTEasy's own mapper, which answers without a body. Other exceptions of Jackson go through {@link
     * TypedProblems}.
     */
    @ServerExceptionMapper
    Response unreadable(MismatchedInputException unreadable) {
        return of(unreadable).toResponse();
    }

    /** The problem for a body that Jackson cannot read. */
    static HttpProblem of(JsonProcessingException unreadable) {
        return switch (unreadable) {
            case UnrecognizedPropertyException unknown -> Parameters.wrong(path(unknown), "is not known here");
            case MismatchedInputException wrong -> Parameters.wrong(path(wrong), "has the wrong type or format");
            default -> {
                var at = unreadable.getLocation();
                yield ProblemType.MALFORMED_JSON
                        .problem()
                        .withDetail(
                                at == null ? null : "Line %d, column %d.".formatted(at.getLineNr(), at.getColumnNr()))
                        .build();
            }
        };
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

    /**
     * Answers 503 with {@code Retry-After} while the database is unavailable. It is logged as a warning, because this
     * service is not broken.
     */
    @ServerExceptionMapper
    Response unavailable(DatabaseAway e) {
        Log.warn(e.getMessage());
        return ProblemType.DATABASE_AWAY
                .problem()
                .withDetail("The read model does not answer at the moment.")
                .withHeader(HttpHeaders.RETRY_AFTER, "2")
                .build()
                .toResponse();
    }
}
