package dev.afterimage.projection.rebuild;

import io.quarkus.runtime.annotations.RegisterForReflection;
import java.time.Instant;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * A rebuild and its progress.
 *
 * @param source {@code log} or {@code topics}
 * @param events the number of events that were applied so far
 * @param progress the applied part of the history, 0 to 1
 * @param error the reason of a failure
 */
@RegisterForReflection
public record Rebuild(
        UUID id,
        String source,
        Status status,
        Instant startedAt,
        @Nullable Instant endedAt,
        long events,
        double progress,
        @Nullable String error) {

    /** The state of a rebuild. */
    public enum Status {
        RUNNING,
        DONE,
        FAILED
    }
}
