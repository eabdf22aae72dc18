package dev.afterimage.shop.snapshot;

import com.fasterxml.jackson.annotation.JsonInclude;
import java.time.Instant;
import java.util.UUID;
import org.eclipse.microprofile.openapi.annotations.media.Schema;
import org.jspecify.annotations.Nullable;

/**
 * How far a snapshot has come.
 *
 * @param published how many aggregates have been re-published
 * @param total how many there were at the start; those deleted meanwhile are never published
 * @param finishedAt null while it is running
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
        @Nullable @Schema(nullable = true) Instant finishedAt) {

    /** A snapshot that a crash interrupted is still RUNNING, and goes on with the next start. */
    public enum Status {
        RUNNING,
        DONE
    }
}
