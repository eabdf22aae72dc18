package dev.afterimage.projection.feed;

import dev.afterimage.projection.Reason;
import dev.afterimage.projection.Refusal;
import dev.afterimage.projection.change.Effect;
import dev.afterimage.projection.deadletter.DeadLetterResource;
import dev.afterimage.projection.deadletter.DeadLetterTable;
import dev.afterimage.projection.web.ProblemType;
import dev.afterimage.projection.web.Roles;
import io.quarkus.runtime.annotations.RegisterForReflection;
import io.smallrye.common.annotation.RunOnVirtualThread;
import jakarta.annotation.security.RolesAllowed;
import jakarta.ws.rs.POST;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.core.MediaType;
import java.util.Map;
import org.eclipse.microprofile.openapi.annotations.Operation;
import org.eclipse.microprofile.openapi.annotations.extensions.Extension;
import org.eclipse.microprofile.openapi.annotations.parameters.Parameter;
import org.eclipse.microprofile.openapi.annotations.tags.Tag;
import org.jboss.resteasy.reactive.RestPath;
import org.jboss.resteasy.reactive.RestQuery;
import org.jspecify.annotations.Nullable;

/** Replays dead letters. */
@Path("/dead-letters")
@Produces(MediaType.APPLICATION_JSON)
@RunOnVirtualThread
@Tag(name = "dead letters")
@RolesAllowed(Roles.ADMIN)
public class ReplayResource {

    private final Replays replays;

    ReplayResource(Replays replays) {
        this.replays = replays;
    }

    /** The outcome of the replay of one letter. */
    @RegisterForReflection
    record Replayed(Effect effect) {}

    /** Reads and applies the letter again, and removes it if that succeeds. */
    @POST
    @Path("/{id}/replay")
    @Operation(operationId = "replayDeadLetter", summary = "Read and apply a dead letter once more")
    @Extension(name = ProblemType.DECLARED, value = "STILL_REFUSED REBUILD_RUNNING")
    public Replayed replay(@RestPath long id) {
        Outcome outcome = replays.one(id).orElseThrow(() -> DeadLetterResource.unknown(id));
        if (outcome.received() instanceof ReceivedRecord.Malformed malformed) {
            throw new Refusal(
                    Reason.STILL_REFUSED,
                    malformed.reason(),
                    Map.of("digest", malformed.refused().fault().digest()));
        }
        return new Replayed(outcome.effect());
    }

    /** Replays all letters, or all letters of a topic or with a fault. Answers when all are replayed. */
    @POST
    @Path("/replays")
    @Operation(
            operationId = "replayDeadLetters",
            summary = "Read and apply all dead letters once more, the oldest first")
    @Extension(name = ProblemType.DECLARED, value = "REBUILD_RUNNING")
    public Replays.ReplayCounts replayAll(
            @Parameter(description = "Only letters of this topic") @RestQuery @Nullable String topic,
            @Parameter(description = "Only letters with this fault") @RestQuery @Nullable String digest) {
        return replays.all(new DeadLetterTable.Filter(topic, digest));
    }
}
