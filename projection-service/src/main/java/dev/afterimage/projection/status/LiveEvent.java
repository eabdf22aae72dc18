package dev.afterimage.projection.status;

import com.fasterxml.jackson.annotation.JsonProperty;
import dev.afterimage.projection.change.Change;
import dev.afterimage.projection.change.Effect;
import dev.afterimage.projection.change.Envelope;
import dev.afterimage.projection.change.Image;
import dev.afterimage.projection.change.Operation;
import dev.afterimage.projection.feed.Outcome;
import io.quarkus.runtime.annotations.RegisterForReflection;
import java.time.Duration;
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
        @Nullable Image after) {

    static LiveEvent of(Outcome outcome, Instant appliedAt) {
        Change change = outcome.change();
        Envelope event = change instanceof Envelope envelope ? envelope : null;
        return new LiveEvent(
                outcome.topic(),
                outcome.partition(),
                outcome.offset(),
                event == null ? outcome.eventType() : event.eventType(),
                change == null ? outcome.key() : change.key(),
                event == null ? null : event.version(),
                event == null ? null : event.op(),
                event == null ? null : event.committedAt().toEpochMilli(),
                appliedAt,
                event == null
                        ? null
                        : Duration.between(event.committedAt(), appliedAt).toMillis(),
                outcome.effect(),
                outcome.reason(),
                event == null ? null : event.before(),
                event == null ? null : event.after());
    }
}
