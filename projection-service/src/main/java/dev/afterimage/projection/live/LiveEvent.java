package dev.afterimage.projection.live;

import com.fasterxml.jackson.annotation.JsonProperty;
import dev.afterimage.projection.change.Effect;
import dev.afterimage.projection.change.Image;
import dev.afterimage.projection.change.Operation;
import io.quarkus.runtime.annotations.RegisterForReflection;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * One record and its outcome.
 *
 * @param eventType null if the record has no event type
 * @param key the aggregate's id; null if a dead letter has no readable id
 * @param version null for a tombstone and a dead letter
 * @param op null for a tombstone and a dead letter
 * @param committedAt the time of the event in epoch milliseconds; null for a tombstone and a dead letter
 * @param appliedAt the time of the commit in this service
 * @param latencyMs the time from {@code committedAt} to {@code appliedAt}
 * @param reason the reason of a dead letter; otherwise null
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
