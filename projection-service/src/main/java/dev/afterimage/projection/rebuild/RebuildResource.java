package dev.afterimage.projection.rebuild;

import dev.afterimage.projection.web.ProblemType;
import io.quarkiverse.resteasy.problem.HttpProblem;
import io.quarkus.logging.Log;
import io.quarkus.runtime.annotations.RegisterForReflection;
import io.smallrye.common.annotation.RunOnVirtualThread;
import jakarta.ws.rs.DELETE;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.POST;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.PathParam;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.core.HttpHeaders;
import jakarta.ws.rs.core.MediaType;
import jakarta.ws.rs.core.Response;
import java.util.UUID;
import org.eclipse.microprofile.openapi.annotations.Operation;
import org.eclipse.microprofile.openapi.annotations.media.Content;
import org.eclipse.microprofile.openapi.annotations.media.Schema;
import org.eclipse.microprofile.openapi.annotations.parameters.Parameter;
import org.eclipse.microprofile.openapi.annotations.responses.APIResponse;
import org.jspecify.annotations.Nullable;

/** Starts rebuilds of the read model and shows their progress. */
@Path("/rebuilds")
@Produces(MediaType.APPLICATION_JSON)
@RunOnVirtualThread
public class RebuildResource {

    private final Rebuilds rebuilds;

    RebuildResource(Rebuilds rebuilds) {
        this.rebuilds = rebuilds;
    }

    /**
     * The body of {@code POST /rebuilds}.
     *
     * @param source the history to rebuild from: {@code topics}, which is the default, or {@code log}
     * @param incomplete whether to accept a history without its beginning, because a snapshot was published since
     */
    @RegisterForReflection
    public record StartRebuild(
            @Schema(
                    enumeration = {"topics", "log"},
                    defaultValue = "topics")
            @Nullable String source,

            boolean incomplete) {}

    /** Starts a rebuild in a second schema. Events and reads of the live read model continue. */
    @POST
    @Operation(
            operationId = "startRebuild",
            summary = "Rebuild the read model beside the live one",
            description = "Events and reads continue. At the end the new read model replaces the live one.")
    @APIResponse(
            responseCode = "202",
            description = "started; Location shows its progress",
            content = @Content(schema = @Schema(implementation = Rebuild.class)))
    @APIResponse(responseCode = "400", description = "source is neither topics nor log")
    @APIResponse(responseCode = "409", description = "a rebuild is running")
    public Response start(@Nullable StartRebuild wanted) {
        String source = wanted == null || wanted.source() == null ? "topics" : wanted.source();
        if (!source.equals("topics") && !source.equals("log")) {
            throw ProblemType.INVALID_REQUEST
                    .problem()
                    .withDetail("source must be topics or log.")
                    .build();
        }
        UUID id = UUID.randomUUID();
        if (!rebuilds.start(id, source, wanted != null && wanted.incomplete())) {
            throw ProblemType.REBUILD_RUNNING
                    .problem()
                    .withDetail("Wait until the rebuild that is running has ended.")
                    .build();
        }
        Log.infof("rebuild asked for rebuildId=%s source=%s", id, source);
        return Response.accepted(rebuilds.byId(id).orElseThrow(RebuildResource::notFound))
                .header(HttpHeaders.LOCATION, "/rebuilds/" + id)
                .build();
    }

    /** The progress of a rebuild. */
    @GET
    @Path("/{id}")
    @Operation(operationId = "showRebuild", summary = "Show the progress of a rebuild")
    @APIResponse(
            responseCode = "200",
            description = "the rebuild",
            content = @Content(schema = @Schema(implementation = Rebuild.class)))
    @APIResponse(responseCode = "404", description = "there was no such rebuild")
    public Rebuild get(@Parameter(description = "as in Location") @PathParam("id") String id) {
        return rebuilds.byId(known(id)).orElseThrow(RebuildResource::notFound);
    }

    /** Cancels a rebuild. The live read model stays as it is. */
    @DELETE
    @Path("/{id}")
    @Operation(
            operationId = "cancelRebuild",
            summary = "Cancel a rebuild",
            description = "The live read model stays. A rebuild that has ended stays as it ended.")
    @APIResponse(responseCode = "204", description = "the rebuild is not running any more")
    @APIResponse(responseCode = "404", description = "there was no such rebuild")
    public void cancel(@Parameter(description = "as in Location") @PathParam("id") String id) {
        if (!rebuilds.cancel(known(id))) {
            throw notFound();
        }
        Log.infof("rebuild cancelled rebuildId=%s", id);
    }

    private static UUID known(String id) {
        try {
            return UUID.fromString(id);
        } catch (IllegalArgumentException e) {
            throw notFound();
        }
    }

    private static HttpProblem notFound() {
        return ProblemType.UNKNOWN_ID
                .problem()
                .withDetail("There was no such rebuild.")
                .build();
    }
}
