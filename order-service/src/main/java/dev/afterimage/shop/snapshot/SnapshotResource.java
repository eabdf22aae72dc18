package dev.afterimage.shop.snapshot;

import dev.afterimage.shop.Refusal;
import dev.afterimage.shop.idempotency.Idempotency;
import dev.afterimage.shop.web.Answer;
import dev.afterimage.shop.web.GuardingHeaders;
import dev.afterimage.shop.web.ProblemType;
import dev.afterimage.shop.web.Roles;
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
import jakarta.ws.rs.core.MediaType;
import java.util.UUID;
import org.eclipse.microprofile.openapi.annotations.Operation;
import org.eclipse.microprofile.openapi.annotations.extensions.Extension;
import org.eclipse.microprofile.openapi.annotations.media.Schema;
import org.eclipse.microprofile.openapi.annotations.responses.APIResponseSchema;
import org.eclipse.microprofile.openapi.annotations.tags.Tag;
import org.jboss.resteasy.reactive.RestHeader;
import org.jboss.resteasy.reactive.RestPath;
import org.jboss.resteasy.reactive.RestResponse;
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

    /**
     * The body of {@code POST /snapshots}.
     *
     * @param aggregate the kind of aggregate to re-publish: customer, order or product
     */
    @Schema(examples = """
            {"aggregate": "order"}
            """)
    public record StartSnapshot(
            @NotNull @Schema(enumeration = {"customer", "order", "product"})
            String aggregate) {}

    @POST
    @RolesAllowed(Roles.ADMIN)
    @Consumes(MediaType.APPLICATION_JSON) // otherwise plain text would also be accepted for a record of one string
    @Produces(MediaType.APPLICATION_JSON)
    @Operation(
            operationId = "startSnapshot",
            summary = "Re-publish the current state of all aggregates of one kind",
            description = "Answers at once. The address in Location shows the progress.")
    @APIResponseSchema(value = SnapshotProgress.class, responseCode = "202", responseDescription = "It has started")
    @Extension(name = ProblemType.DECLARED, value = "SNAPSHOT_RUNNING")
    public RestResponse<?> start(
            @NotNull @Valid StartSnapshot request, @RestHeader(GuardingHeaders.IDEMPOTENCY_KEY) @Nullable String key) {
        return idempotency
                .once(key, "POST /snapshots", request, () -> {
                    var started = commands.start(request.aggregate());
                    Log.infof("snapshot started snapshotId=%s aggregate=%s", started.id(), started.aggregate());
                    return new Answer<>(202, "/snapshots/" + started.id(), null, started);
                })
                .response();
    }

    @GET
    @RolesAllowed(Roles.ADMIN)
    @Path("/{id}")
    @Operation(operationId = "showSnapshot", summary = "Show the progress of a snapshot")
    public SnapshotProgress one(@RestPath UUID id) {
        return snapshots
                .findByIdOptional(id)
                .orElseThrow(() -> Refusal.unknownId("snapshot", id))
                .progress();
    }
}
