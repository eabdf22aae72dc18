package dev.afterimage.shop.snapshot;

import dev.afterimage.shop.http.Caller;
import dev.afterimage.shop.http.Idempotency;
import dev.afterimage.shop.http.Refusal;
import io.quarkus.logging.Log;
import io.smallrye.common.annotation.RunOnVirtualThread;
import jakarta.annotation.security.RolesAllowed;
import jakarta.validation.Valid;
import jakarta.validation.constraints.NotNull;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.POST;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.core.UriBuilder;
import java.util.UUID;
import org.jboss.resteasy.reactive.RestHeader;
import org.jboss.resteasy.reactive.RestPath;
import org.jboss.resteasy.reactive.RestResponse;
import org.jboss.resteasy.reactive.RestResponse.ResponseBuilder;
import org.jboss.resteasy.reactive.RestResponse.Status;
import org.jspecify.annotations.Nullable;

@Path("/snapshots")
@RunOnVirtualThread
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
    public RestResponse<?> start(
            @NotNull @Valid StartSnapshot request, @RestHeader(Idempotency.HEADER) @Nullable String key) {
        return idempotency.once(key, "POST /snapshots", request, () -> {
            var started = commands.start(request.aggregate());
            Log.infof("snapshot started snapshotId=%s aggregate=%s", started.id(), started.aggregate());
            return ResponseBuilder.create(Status.ACCEPTED, started)
                    .location(UriBuilder.fromResource(SnapshotResource.class)
                            .path("{id}")
                            .build(started.id()))
                    .build();
        });
    }

    @GET
    @RolesAllowed(Caller.ADMIN)
    @Path("/{id}")
    public SnapshotProgress one(@RestPath UUID id) {
        return snapshots
                .findByIdOptional(id)
                .orElseThrow(() -> new Refusal.UnknownId("snapshot", id))
                .progress();
    }
}
