package dev.afterimage.projection.audit;

import io.quarkus.runtime.annotations.RegisterForReflection;
import java.time.Instant;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * An audit and its progress.
 *
 * @param report the result; while the audit runs, the result so far
 * @param error the reason of a failure
 */
@RegisterForReflection
public record Audit(
        UUID id,
        Status status,
        Instant startedAt,
        @Nullable Instant endedAt,
        Report report,
        @Nullable String error) {

    /** The state of an audit. */
    public enum Status {
        RUNNING,
        DONE,
        FAILED
    }
}
