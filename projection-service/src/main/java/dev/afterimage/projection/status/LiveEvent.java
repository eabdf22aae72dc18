package dev.afterimage.projection.status;

import com.fasterxml.jackson.annotation.JsonProperty;
import dev.afterimage.projection.change.Change;
import dev.afterimage.projection.change.Effect;
import dev.afterimage.projection.change.Envelope;
import dev.afterimage.projection.change.Image;
import dev.afterimage.projection.change.Operation;
import dev.afterimage.projection.deadletter.DeadLetter;
import io.quarkus.runtime.annotations.RegisterForReflection;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * One record and its outcome.
 *
 * @param eventType null for a tombstone, and for a dead letter without a readable type
 * @param key the aggregate's id; null if a dead letter has no readable id
 * @param version null for a tombstone and a dead letter
 * @param op null for a tombstone and a dead letter
 * @param committedAt the time of the event in epoch milliseconds; null for a tombstone and a dead letter
 * @param appliedAt when this service applied the record, on any instance
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

    /** The key or type of a dead letter is shown only if it matches this pattern. */
    private static final Pattern PLAIN = Pattern.compile("[A-Za-z0-9-]{1,100}");

    /** A record of the event log. */
    static LiveEvent of(String topic, int partition, long offset, Change change, Instant appliedAt, Effect effect) {
        Envelope event = change instanceof Envelope envelope ? envelope : null;
        return new LiveEvent(
                topic,
                partition,
                offset,
                event == null ? null : event.eventType(),
                change.id().toString(),
                event == null ? null : event.version(),
                event == null ? null : event.op(),
                event == null ? null : event.committedAt().toEpochMilli(),
                appliedAt,
                event == null
                        ? null
                        : Duration.between(event.committedAt(), appliedAt).toMillis(),
                effect,
                null,
                event == null ? null : event.before(),
                event == null ? null : event.after());
    }

    static LiveEvent of(DeadLetter letter) {
        String eventType = letter.headers().stream()
                .filter(header -> header.name().equals("eventType"))
                .reduce((_, last) -> last)
                .map(header -> plain(header.value()))
                .orElse(null);
        return new LiveEvent(
                letter.topic(),
                letter.partition(),
                letter.offset(),
                eventType,
                plain(letter.key()),
                null,
                null,
                null,
                letter.receivedAt(),
                null,
                Effect.DEAD_LETTER,
                letter.fault().reason(),
                null,
                null);
    }

    StreamPosition.Partition source() {
        return new StreamPosition.Partition(topic, partition);
    }

    private static @Nullable String plain(byte @Nullable [] bytes) {
        if (bytes == null || bytes.length > 100) {
            return null;
        }
        String text = new String(bytes, StandardCharsets.US_ASCII);
        return PLAIN.matcher(text).matches() ? text : null;
    }
}
