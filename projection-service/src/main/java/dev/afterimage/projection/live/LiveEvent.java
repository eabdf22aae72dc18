package dev.afterimage.projection.live;

import com.fasterxml.jackson.annotation.JsonProperty;
import dev.afterimage.projection.change.Effect;
import dev.afterimage.projection.change.Image;
import dev.afterimage.projection.change.Operation;
import io.quarkus.runtime.annotations.RegisterForReflection;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * One record as it passed, whatever became of it.
 *
 * @param eventType null where a record names none
 * @param key the aggregate's id; null where a dead letter has no readable one
 * @param version null for a tombstone and a dead letter
 * @param op null for a tombstone and a dead letter
 * @param committedAt the event's own time in epoch milliseconds; null for a tombstone and a dead letter
 * @param appliedAt when the transaction here was committed
 * @param latencyMs from the source's time to {@code appliedAt}
 * @param reason only for a dead letter
 */
@RegisterForReflection
public record LiveEvent(
        String topic,
        int partition,
        long offset,
        @Nullable String eventType,
        @Nullable String key,
        @Nullable Long version,
        @Nullable Operation op,
        @JsonProperty("ts_ms") @Nullable Long committedAt,
        Instant appliedAt,
        @Nullable Long latencyMs,
        Effect effect,
        @Nullable String reason,
        @Nullable Image before,
        @Nullable Image after) {}
