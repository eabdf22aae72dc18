package dev.afterimage.projection.status;

import dev.afterimage.projection.web.Roles;
import io.smallrye.common.annotation.RunOnVirtualThread;
import jakarta.annotation.security.RolesAllowed;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.Path;
import org.eclipse.microprofile.openapi.annotations.Operation;

/** The connector, the replication slot and the outbox over HTTP. */
@Path("/pipeline")
@RolesAllowed(Roles.READ)
public class PipelineResource {

    private final Pipeline pipeline;

    PipelineResource(Pipeline pipeline) {
        this.pipeline = pipeline;
    }

    /** The state of the upstream components, at most a second old. A component that does not answer is unreachable. */
    @GET
    @RunOnVirtualThread
    @Operation(operationId = "showPipeline", summary = "Show the connector, the replication slot and the outbox")
    public PipelineStatus get() {
        return pipeline.status();
    }
}
