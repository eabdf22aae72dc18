package dev.afterimage.projection.status;

import dev.afterimage.projection.Refusal;
import dev.afterimage.projection.web.Roles;
import io.smallrye.common.annotation.Blocking;
import io.smallrye.mutiny.Multi;
import jakarta.annotation.security.RolesAllowed;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.core.Context;
import jakarta.ws.rs.core.MediaType;
import jakarta.ws.rs.sse.OutboundSseEvent;
import jakarta.ws.rs.sse.Sse;
import java.time.Duration;
import java.util.Map;
import org.eclipse.microprofile.openapi.annotations.Operation;
import org.eclipse.microprofile.openapi.annotations.media.Content;
import org.eclipse.microprofile.openapi.annotations.media.Schema;
import org.eclipse.microprofile.openapi.annotations.parameters.Parameter;
import org.eclipse.microprofile.openapi.annotations.responses.APIResponse;
import org.jboss.resteasy.reactive.RestHeader;
import org.jspecify.annotations.Nullable;

/** The live stream of records as server-sent events. */
@Path("/events")
@RolesAllowed(Roles.READ)
public class EventsResource {

    /** Short enough to detect a dead client and to keep a proxy from closing the connection. */
    private static final Duration HEARTBEAT = Duration.ofSeconds(10);

    private static final String LAST_EVENT_ID = "Last-Event-ID";

    private final LiveEvents events;

    EventsResource(LiveEvents events) {
        this.events = events;
    }

    /**
     * Each message is one {@link LiveEvent}, of any instance. Its id is the position in the stream behind it: a client
     * that sends the id to any instance gets the events that follow. A message named {@code dropped} contains the number
     * of events that were left out, because this client was too slow or because the event log no longer has them. A
     * comment is sent at intervals.
     *
     * <p>If a token is needed, the client sends it in the header {@code Authorization}, never in the address, which
     * appears in logs. A browser's {@code EventSource} cannot send this header, so a page reads the stream with {@code
     * fetch}.
     */
    @GET
    @Operation(
            operationId = "watchEvents",
            summary = "Watch the records as they are applied, by any instance",
            description = "A message named dropped contains the number of events that are left out: this client is too"
                    + " slow, or the event log no longer has them. A comment is sent at intervals.")
    @APIResponse(
            responseCode = "200",
            description = "The data of each message",
            content =
                    @Content(
                            mediaType = MediaType.SERVER_SENT_EVENTS,
                            schema = @Schema(implementation = LiveEvent.class)))
    @Produces(MediaType.SERVER_SENT_EVENTS)
    @Blocking
    public Multi<OutboundSseEvent> watch(
            @Parameter(description = "Continues after the message with this id, as far as the event log reaches")
                    @RestHeader(LAST_EVENT_ID)
                    @Nullable String lastEventId,
            @Context Sse sse) {
        Multi<OutboundSseEvent> passing = Multi.createFrom()
                .publisher(events.watch(lastEventId == null ? null : position(lastEventId)))
                .map(signal -> message(sse, signal));
        // sends the first comment at once: it flushes the headers, so that the client knows that it is connected
        Multi<OutboundSseEvent> heartbeat = Multi.createFrom()
                .ticks()
                .every(HEARTBEAT)
                .onOverflow()
                .drop()
                .map(_ -> sse.newEventBuilder().comment("heartbeat").build());
        return Multi.createBy().merging().withRequests(1).streams(passing, heartbeat);
    }

    private static StreamPosition position(String lastEventId) {
        try {
            return StreamPosition.of(lastEventId);
        } catch (IllegalArgumentException e) {
            throw Refusal.invalid(LAST_EVENT_ID, "must be the id of a message of this stream");
        }
    }

    private static OutboundSseEvent message(Sse sse, Watcher.Signal signal) {
        var message = sse.newEventBuilder().mediaType(MediaType.APPLICATION_JSON_TYPE);
        return switch (signal) {
            case Watcher.Signal.Passed(LiveEvent event, String position) ->
                message.id(position).data(event).build();
            case Watcher.Signal.Dropped(long count) ->
                message.name("dropped").data(Map.of("count", count)).build();
        };
    }
}
