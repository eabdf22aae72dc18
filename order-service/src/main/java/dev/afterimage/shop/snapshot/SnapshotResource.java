package dev.afterimage.shop.snapshot;

import dev.afterimage.shop.idempotency.Idempotency;
import dev.afterimage.shop.web.ApiDocument;
import dev.afterimage.shop.web.Caller;
import dev.afterimage.shop.web.Refusal;
import dev.afterimage.shop.web.Responses;
import io.quarkus.logging.Log;
import io.smallrye.common.annotation.RunOnVirtualThread;
import jakarta.annotation.security.RolesAllowed;
import jakarta.validation.Valid;
import jakarta.validation.constraints.NotNull;
import jakarta.ws.rs.Consumes;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.POST;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.core.HttpHeaders;
import jakarta.ws.rs.core.MediaType;
import java.util.UUID;
import org.eclipse.microprofile.openapi.annotations.Operation;
import org.eclipse.microprofile.openapi.annotations.extensions.Extension;
import org.eclipse.microprofile.openapi.annotations.responses.APIResponseSchema;
import org.eclipse.microprofile.openapi.annotations.tags.Tag;
import org.jboss.resteasy.reactive.RestHeader;
import org.jboss.resteasy.reactive.RestPath;
import org.jboss.resteasy.reactive.RestResponse;
import org.jboss.resteasy.reactive.RestResponse.ResponseBuilder;
import org.jboss.resteasy.reactive.RestResponse.Status;
import org.jspecify.annotations.Nullable;

@Path("/snapshots")
@RunOnVirtualThread
@Tag(name = "snapshots", description = "Re-publications of the current state of aggregates")
public class SnapshotResource {
    private final SnapshotCommands commands;
    private final Snapshots snapshots;
    private final Idempotency idempotency;

    SnapshotResource(SnapshotCommands commands, Snapshots snapshots, Idempotency idempotency) {
        this.commands = commands;
        this.snapshots = snapshots;
        this.idempotency = idempotency;
    }

    @POST
    @RolesAllowed(Caller.ADMIN)
    @Consumes(MediaType.APPLICATION_JSON) // otherwise plain text would also be accepted for a record of one string
    @Produces(MediaType.APPLICATION_JSON)
    @Operation(
            operationId = "startSnapshot",
            summary = "Re-publish the current state of all aggregates of one kind",
            description = "Answers at once. The address in Location shows the progress.")
    @APIResponseSchema(value = SnapshotProgress.class, responseCode = "202", responseDescription = "It has started")
    @Extension(name = ApiDocument.CONFLICTS, value = "SNAPSHOT_RUNNING")
    public RestResponse<?> start(
            @NotNull @Valid StartSnapshot request, @RestHeader(Idempotency.HEADER) @Nullable String key) {
        return idempotency.once(key, "POST /snapshots", request, () -> {
            var started = commands.start(request.aggregate());
            Log.infof("snapshot started snapshotId=%s aggregate=%s", started.id(), started.aggregate());
            return ResponseBuilder.create(Status.ACCEPTED, started)
                    .header(HttpHeaders.LOCATION, Responses.location(SnapshotResource.class, started.id()))
                    .build();
        });
    }

    @GET
    @RolesAllowed(Caller.ADMIN)
    @Path("/{id}")
    @Operation(operationId = "showSnapshot", summary = "Show the progress of a snapshot")
    public SnapshotProgress one(@RestPath UUID id) {
        return snapshots
                .findByIdOptional(id)
                .orElseThrow(() -> new Refusal.UnknownId("snapshot", id))
                .progress();
    }
}
