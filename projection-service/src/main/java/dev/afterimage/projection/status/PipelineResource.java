package dev.afterimage.projection.status;

import io.smallrye.common.annotation.RunOnVirtualThread;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.core.MediaType;
import org.eclipse.microprofile.openapi.annotations.Operation;
import org.eclipse.microprofile.openapi.annotations.media.Content;
import org.eclipse.microprofile.openapi.annotations.media.Schema;
import org.eclipse.microprofile.openapi.annotations.responses.APIResponse;

/** The connector, the replication slot and the outbox over HTTP. */
@Path("/pipeline")
@Produces(MediaType.APPLICATION_JSON)
public class PipelineResource {

    private final Pipeline pipeline;

    PipelineResource(Pipeline pipeline) {
        this.pipeline = pipeline;
    }

    /** The state of the upstream components, at most a second old. A component that does not answer is unreachable. */
    @GET
    @RunOnVirtualThread
    @Operation(operationId = "showPipeline", summary = "Show the connector, the replication slot and the outbox")
    @APIResponse(
            responseCode = "200",
            description = "the state of each component; one that does not answer is unreachable",
            content = @Content(schema = @Schema(implementation = PipelineStatus.class)))
    public PipelineStatus get() {
        return pipeline.status();
    }
}
