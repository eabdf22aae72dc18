package dev.afterimage.projection.http;

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

/** What a client is told of failures. */
class Problems {

    private static final String BODY = "body";

    /** RESTEasy's own mapper would answer without a body; other exceptions of Jackson go through {@link TypedProblems}. */
    @ServerExceptionMapper
    Response unreadable(MismatchedInputException unreadable) {
        return of(unreadable).toResponse();
    }

    /** What is wrong with a body that Jackson cannot read. */
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

    /** While the database is away: a client may come again, and nothing here is broken. */
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
