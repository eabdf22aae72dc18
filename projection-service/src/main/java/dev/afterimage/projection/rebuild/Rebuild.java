package dev.afterimage.projection.rebuild;

import io.quarkus.runtime.annotations.RegisterForReflection;
import java.time.Instant;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * A rebuild and how far it is.
 *
 * @param source {@code log} or {@code topics}
 * @param events applied so far; at the end, in all
 * @param progress the part of the history that is applied, 0 to 1
 * @param error why it failed
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

    /** Where a rebuild stands. */
    public enum Status {
        RUNNING,
        DONE,
        FAILED
    }
}
