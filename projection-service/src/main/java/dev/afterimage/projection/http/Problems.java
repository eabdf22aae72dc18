package dev.afterimage.projection.http;

import dev.afterimage.projection.sql.DatabaseAway;
import io.quarkus.logging.Log;
import jakarta.ws.rs.core.HttpHeaders;
import jakarta.ws.rs.core.Response;
import org.jboss.resteasy.reactive.server.ServerExceptionMapper;

/** What a client is told of failures. */
class Problems {

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
