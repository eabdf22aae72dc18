package dev.afterimage.projection.feed;

import dev.afterimage.projection.Refusal;
import dev.afterimage.projection.web.Preconditions;
import dev.afterimage.projection.web.Roles;
import io.quarkus.logging.Log;
import io.smallrye.common.annotation.RunOnVirtualThread;
import jakarta.annotation.security.RolesAllowed;
import jakarta.ws.rs.DELETE;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.core.Context;
import jakarta.ws.rs.core.HttpHeaders;
import jakarta.ws.rs.core.MediaType;
import java.util.List;
import org.eclipse.microprofile.openapi.annotations.Operation;
import org.eclipse.microprofile.openapi.annotations.tags.Tag;
import org.jboss.resteasy.reactive.RestPath;

/** Shows and acknowledges gaps. */
@Path("/gaps")
@Produces(MediaType.APPLICATION_JSON)
@RunOnVirtualThread
@Tag(name = "gaps", description = "Records that were gone from their topic before they were applied")
public class GapResource {

    private final Gaps gaps;

    GapResource(Gaps gaps) {
        this.gaps = gaps;
    }

    @GET
    @RolesAllowed(Roles.READ)
    @Operation(operationId = "listGaps", summary = "List the gaps, the newest first, at most 100")
    public List<Gap> list() {
        return gaps.newest();
    }

    /** Acknowledges a gap, so that the health checks no longer report it. */
    @DELETE
    @RolesAllowed(Roles.ADMIN)
    @Path("/{id}")
    @Operation(
            operationId = "acknowledgeGap",
            summary = "Acknowledge a gap",
            description = "Do this after POST /snapshots of order-service has repaired the read model.")
    public void acknowledge(@RestPath long id, @Context HttpHeaders headers) {
        Preconditions.of(headers).checkUnversioned();
        if (!gaps.acknowledge(id)) {
            throw Refusal.unknownId("gap", id);
        }
        Log.infof("gap acknowledged gapId=%d", id);
    }
}
