package dev.afterimage.shop.snapshot;

import com.fasterxml.jackson.annotation.JsonInclude;
import java.time.Instant;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * The progress of a snapshot.
 *
 * @param published the number of aggregates that have been re-published
 * @param total the number of aggregates at the start; aggregates that are deleted meanwhile are never published
 * @param finishedAt null while the snapshot is running
 */
@JsonInclude(JsonInclude.Include.NON_NULL)
public record SnapshotProgress(
        UUID id,
        String aggregate,
        Status status,
        long published,
        long total,
        Instant startedAt,
        Instant updatedAt,
        @Nullable Instant finishedAt) {

    /** A snapshot that a crash interrupted is still RUNNING; it resumes at the next start. */
    public enum Status {
        RUNNING,
        DONE
    }
}
