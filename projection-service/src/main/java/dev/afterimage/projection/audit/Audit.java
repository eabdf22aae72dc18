package dev.afterimage.projection.audit;

import io.quarkus.runtime.annotations.RegisterForReflection;
import java.time.Instant;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * An audit and how far it is.
 *
 * @param report what it found, or has found so far
 * @param error why it failed
 */
@RegisterForReflection
public record Audit(
        UUID id,
        Status status,
        Instant startedAt,
        @Nullable Instant endedAt,
        Report report,
        @Nullable String error) {

    /** Where an audit stands. */
    public enum Status {
        RUNNING,
        DONE,
        FAILED
    }
}
