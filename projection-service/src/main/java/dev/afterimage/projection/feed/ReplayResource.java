package dev.afterimage.projection.feed;

import dev.afterimage.projection.change.Effect;
import dev.afterimage.projection.deadletter.DeadLetterResource;
import dev.afterimage.projection.web.Parameters;
import dev.afterimage.projection.web.ProblemType;
import io.quarkus.runtime.annotations.RegisterForReflection;
import io.smallrye.common.annotation.RunOnVirtualThread;
import jakarta.ws.rs.POST;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.PathParam;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.QueryParam;
import jakarta.ws.rs.core.MediaType;
import jakarta.ws.rs.core.Response;
import java.util.function.Supplier;
import org.eclipse.microprofile.openapi.annotations.Operation;
import org.eclipse.microprofile.openapi.annotations.media.Content;
import org.eclipse.microprofile.openapi.annotations.media.Schema;
import org.eclipse.microprofile.openapi.annotations.parameters.Parameter;
import org.eclipse.microprofile.openapi.annotations.responses.APIResponse;
import org.eclipse.microprofile.openapi.annotations.tags.Tag;
import org.jspecify.annotations.Nullable;

/** Replays dead letters. */
@Path("/dead-letters")
@Produces(MediaType.APPLICATION_JSON)
@RunOnVirtualThread
@Tag(name = "dead letters")
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
    @APIResponse(
            responseCode = "200",
            description = "the record is applied, or ignored because a newer version is applied; the letter is removed",
            content = @Content(schema = @Schema(implementation = Replayed.class)))
    @APIResponse(responseCode = "404", description = "it was replayed or discarded, or never existed")
    @APIResponse(responseCode = "409", description = "the record is still refused, for the reason in detail")
    public Response replay(@Schema(implementation = Long.class) @PathParam("id") String id) {
        Outcome outcome =
                running(() -> replays.one(DeadLetterResource.known(id)).orElseThrow(DeadLetterResource::unknown));
        if (outcome.incoming() instanceof Incoming.Malformed malformed) {
            throw ProblemType.STILL_REFUSED
                    .problem()
                    .withDetail(malformed.reason())
                    .with("digest", malformed.refused().fault().digest())
                    .build();
        }
        return Response.ok(new Replayed(outcome.effect())).build();
    }

    /** Replays all letters, or all letters of a topic or with a fault. Answers when all are replayed. */
    @POST
    @Path("/replays")
    @Operation(
            operationId = "replayDeadLetters",
            summary = "Read and apply all dead letters once more, the oldest first")
    @APIResponse(
            responseCode = "200",
            description = "the number of letters per outcome; refused letters stay",
            content = @Content(schema = @Schema(implementation = Replays.ReplayCounts.class)))
    @APIResponse(responseCode = "400", description = "a parameter cannot be read; the answer names it")
    public Response replayAll(
            @Parameter(description = "only letters of this topic") @QueryParam("topic") @Nullable String topic,
            @Parameter(description = "only letters with this fault") @QueryParam("digest") @Nullable String digest) {
        var parameters = new Parameters();
        var filter = DeadLetterResource.filter(parameters, topic, digest);
        parameters.throwIfWrong();
        return Response.ok(running(() -> replays.all(filter))).build();
    }

    private static <T> T running(Supplier<T> replay) {
        try {
            return replay.get();
        } catch (Replays.RebuildRunning e) {
            throw ProblemType.REBUILD_RUNNING
                    .problem()
                    .withDetail("Replay dead letters when the rebuild that is running has ended.")
                    .build();
        }
    }
}
