package dev.afterimage.projection.eventlog;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.afterimage.projection.Reason;
import dev.afterimage.projection.Refusal;
import dev.afterimage.projection.sql.Database;
import dev.afterimage.projection.sql.Sql;
import dev.afterimage.projection.web.Paging;
import dev.afterimage.projection.web.Responses;
import dev.afterimage.projection.web.Roles;
import io.smallrye.common.annotation.RunOnVirtualThread;
import io.vertx.core.http.HttpServerRequest;
import jakarta.annotation.security.RolesAllowed;
import jakarta.validation.constraints.Max;
import jakarta.validation.constraints.Min;
import jakarta.ws.rs.DefaultValue;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.core.Context;
import jakarta.ws.rs.core.MediaType;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.eclipse.microprofile.openapi.annotations.Operation;
import org.jboss.resteasy.reactive.RestPath;
import org.jboss.resteasy.reactive.RestQuery;
import org.jboss.resteasy.reactive.RestResponse;
import org.jspecify.annotations.Nullable;

/** The history of one order from the event log. */
@Path("/orders/{id}/history")
@Produces(MediaType.APPLICATION_JSON)
@RunOnVirtualThread
@RolesAllowed(Roles.READ)
public class HistoryResource {

    // A tombstone has no version; it is shown after the event that precedes it.
    private static final String HISTORY = """
            select *
              from (select *, (source_metadata ->> 'version')::bigint as version,
                           coalesce((source_metadata ->> 'version')::bigint,
                                    max((source_metadata ->> 'version')::bigint) over (order by id), 0) as place
                      from cdc_raw.cdc_events
                     where source_table = 'orders' and event_key = jsonb_build_object('id', ?::text)) as event
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
            @RestPath UUID id,
            @RestQuery @DefaultValue(Paging.DEFAULT) @Min(1) @Max(Paging.MAX) int limit,
            @RestQuery PastEvent.@Nullable Cursor after,
            @Context HttpServerRequest request) {
        var from = after == null ? PastEvent.Cursor.START : after;
        List<PastEvent> found = database.select(
                HISTORY, List.of(id.toString(), from.place(), from.id(), limit + 1), Sql.Reader.ofEach(this::read));
        if (found.isEmpty() && after == null) {
            throw new Refusal(Reason.UNKNOWN_ID, "The event log has no event of this order.", Map.of());
        }
        return Responses.page(found, limit, PastEvent::cursor, request);
    }

    private PastEvent read(ResultSet row) throws SQLException {
        JsonNode before = json(row.getString("before_data"));
        JsonNode after = json(row.getString("after_data"));
        JsonNode source = json(row.getString("source_metadata"));
        return new PastEvent(
                new PastEvent.Cursor(row.getLong("place"), row.getLong("id")),
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
    }

    private @Nullable JsonNode json(@Nullable String text) {
        try {
            return text == null ? null : json.readTree(text);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("a jsonb column holds no JSON", e);
        }
    }
}
