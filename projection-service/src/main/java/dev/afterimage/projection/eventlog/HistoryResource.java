package dev.afterimage.projection.eventlog;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.afterimage.projection.sql.Database;
import dev.afterimage.projection.sql.Sql;
import dev.afterimage.projection.web.Parameters;
import dev.afterimage.projection.web.ProblemType;
import io.quarkiverse.resteasy.problem.HttpProblem;
import io.smallrye.common.annotation.RunOnVirtualThread;
import io.vertx.core.http.HttpServerRequest;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.PathParam;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.QueryParam;
import jakarta.ws.rs.core.Context;
import jakarta.ws.rs.core.HttpHeaders;
import jakarta.ws.rs.core.MediaType;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.eclipse.microprofile.openapi.annotations.Operation;
import org.jboss.resteasy.reactive.RestResponse;
import org.jspecify.annotations.Nullable;

/** The history of one order from the event log. */
@Path("/orders/{id}/history")
@Produces(MediaType.APPLICATION_JSON)
@RunOnVirtualThread
public class HistoryResource {

    // A tombstone has no version; it is shown after the event that precedes it.
    private static final String HISTORY = """
            select *
              from (select *, (source_metadata ->> 'version')::bigint as version,
                           coalesce((source_metadata ->> 'version')::bigint,
                                    max((source_metadata ->> 'version')::bigint) over (order by id), 0) as place
                      from cdc_raw.cdc_events
                     where source_table = 'orders' and event_key = ?) as event
             where (place, id) > (?, ?)
             order by place, id
             limit ?
            """;

    private final Database database;
    private final ObjectMapper json;

    HistoryResource(Database database, ObjectMapper json) {
        this.database = database;
        this.json = json;
    }

    @GET
    @Operation(
            operationId = "showOrderHistory",
            summary = "Show the events of an order, by version and then as they arrived",
            description =
                    "Also for a deleted order, as long as the event log keeps its days. An event that arrived several"
                            + " times is listed each time.")
    public RestResponse<List<PastEvent>> get(
            @PathParam("id") String id,
            @QueryParam("limit") @Nullable String limit,
            @QueryParam("after") @Nullable String after,
            @Context HttpServerRequest request) {
        var parameters = new Parameters();
        int size = parameters.limit(limit);
        Cursor cursor = parameters.readOr(Cursor.START, "after", after, Cursor::parse, "must come from a Link header");
        parameters.throwIfWrong();
        List<Logged> found = database.select(
                HISTORY, List.of(key(id), cursor.place(), cursor.id(), size + 1), Sql.Reader.ofEach(this::read));
        if (found.isEmpty() && after == null) {
            throw unknown();
        }
        List<Logged> page = found.subList(0, Math.min(size, found.size()));
        var answer =
                RestResponse.ResponseBuilder.ok(page.stream().map(Logged::event).toList());
        if (found.size() > size) {
            answer.header(
                    HttpHeaders.LINK,
                    Parameters.next(request, page.getLast().cursor().text()));
        }
        return answer.build();
    }

    private static String key(String id) {
        try {
            return Parameters.uuid(id).toString();
        } catch (IllegalArgumentException e) {
            throw unknown();
        }
    }

    private static HttpProblem unknown() {
        return ProblemType.UNKNOWN_ID
                .problem()
                .withDetail("The event log knows nothing of this order.")
                .build();
    }

    private record Logged(Cursor cursor, PastEvent event) {}

    private Logged read(ResultSet row) throws SQLException {
        JsonNode before = json(row.getString("before_data"));
        JsonNode after = json(row.getString("after_data"));
        JsonNode source = json(row.getString("source_metadata"));
        var event = new PastEvent(
                row.getString("kafka_topic"),
                row.getInt("kafka_partition"),
                row.getLong("kafka_offset"),
                row.getString("operation"),
                source == null ? null : source.path("eventType").textValue(),
                row.getObject("version", Long.class),
                Sql.instant(row, "event_timestamp"),
                Sql.instant(row, "kafka_timestamp"),
                Sql.instant(row, "processed_at"),
                before,
                after,
                before == null || after == null ? List.of() : Difference.between(before, after));
        return new Logged(new Cursor(row.getLong("place"), row.getLong("id")), event);
    }

    private @Nullable JsonNode json(@Nullable String text) {
        try {
            return text == null ? null : json.readTree(text);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("a jsonb column holds no JSON", e);
        }
    }

    /** The last event of a page. */
    private record Cursor(long place, long id) {

        static final Cursor START = new Cursor(-1, 0);
        private static final Pattern TEXT = Pattern.compile("([0-9]{1,19})-([0-9]{1,19})");

        static Cursor parse(String text) {
            Matcher matcher = TEXT.matcher(text);
            if (!matcher.matches()) {
                throw new IllegalArgumentException("no cursor");
            }
            return new Cursor(Long.parseLong(matcher.group(1)), Long.parseLong(matcher.group(2)));
        }

        String text() {
            return place + "-" + id;
        }
    }
}
