package dev.afterimage.projection.rebuild;

import dev.afterimage.projection.Reason;
import dev.afterimage.projection.Refusal;
import dev.afterimage.projection.web.Preconditions;
import dev.afterimage.projection.web.ProblemType;
import dev.afterimage.projection.web.Roles;
import io.quarkus.logging.Log;
import io.quarkus.runtime.annotations.RegisterForReflection;
import io.smallrye.common.annotation.RunOnVirtualThread;
import jakarta.annotation.security.RolesAllowed;
import jakarta.validation.Valid;
import jakarta.validation.constraints.Pattern;
import jakarta.ws.rs.DELETE;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.POST;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.core.Context;
import jakarta.ws.rs.core.HttpHeaders;
import jakarta.ws.rs.core.MediaType;
import java.util.Map;
import java.util.UUID;
import org.eclipse.microprofile.openapi.annotations.Operation;
import org.eclipse.microprofile.openapi.annotations.extensions.Extension;
import org.eclipse.microprofile.openapi.annotations.media.Schema;
import org.eclipse.microprofile.openapi.annotations.responses.APIResponseSchema;
import org.jboss.resteasy.reactive.RestPath;
import org.jboss.resteasy.reactive.RestResponse;
import org.jboss.resteasy.reactive.RestResponse.ResponseBuilder;
import org.jboss.resteasy.reactive.RestResponse.Status;
import org.jspecify.annotations.Nullable;

/** Starts rebuilds of the read model and shows their progress. */
@Path("/rebuilds")
@Produces(MediaType.APPLICATION_JSON)
@RunOnVirtualThread
@RolesAllowed(Roles.ADMIN)
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
    @Schema(additionalProperties = Schema.False.class)
    public record StartRebuild(
            @Schema(
                    enumeration = {"topics", "log"},
                    defaultValue = "topics")
            @Pattern(regexp = "topics|log", message = "must be topics or log") @Nullable String source,

            boolean incomplete) {}

    /** Starts a rebuild in a second schema. Events and reads of the live read model continue. */
    @POST
    @Operation(
            operationId = "startRebuild",
            summary = "Rebuild the read model beside the live one",
            description = "Events and reads continue. At the end the new read model replaces the live one.")
    @APIResponseSchema(value = Rebuild.class, responseCode = "202", responseDescription = "It has started")
    @Extension(name = ProblemType.DECLARED, value = "REBUILD_RUNNING")
    public RestResponse<Rebuild> start(@Valid @Nullable StartRebuild wanted) {
        String source = wanted == null || wanted.source() == null ? "topics" : wanted.source();
        UUID id = UUID.randomUUID();
        if (!rebuilds.start(id, source, wanted != null && wanted.incomplete())) {
            throw new Refusal(Reason.REBUILD_RUNNING, "Wait until the running rebuild has ended.", Map.of());
        }
        Log.infof("rebuild requested rebuildId=%s source=%s", id, source);
        return ResponseBuilder.create(Status.ACCEPTED, known(id))
                .header(HttpHeaders.LOCATION, "/rebuilds/" + id)
                .build();
    }

    /** The progress of a rebuild. */
    @GET
    @Path("/{id}")
    @Operation(operationId = "showRebuild", summary = "Show the progress of a rebuild")
    public Rebuild get(@RestPath UUID id) {
        return known(id);
    }

    /** Cancels a rebuild. The live read model stays as it is. */
    @DELETE
    @Path("/{id}")
    @Operation(
            operationId = "cancelRebuild",
            summary = "Cancel a rebuild",
            description = "The live read model stays. A rebuild that has ended stays as it ended.")
    public void cancel(@RestPath UUID id, @Context HttpHeaders headers) {
        Preconditions.of(headers).checkUnversioned();
        if (!rebuilds.cancel(id)) {
            throw Refusal.unknownId("rebuild", id);
        }
        Log.infof("rebuild cancelled rebuildId=%s", id);
    }

    private Rebuild known(UUID id) {
        return rebuilds.byId(id).orElseThrow(() -> Refusal.unknownId("rebuild", id));
    }
}
