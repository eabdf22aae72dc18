package dev.afterimage.projection.feed;

import dev.afterimage.projection.change.Effect;
import dev.afterimage.projection.change.Envelope;
import dev.afterimage.projection.change.Tombstone;
import dev.afterimage.projection.live.LiveEvent;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.regex.Pattern;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.jspecify.annotations.Nullable;

/** Outcomes in the words of those who watch. */
final class Announcements {

    /** What may stand in an unreadable record is shown only where it is short and harmless. */
    private static final Pattern PLAIN = Pattern.compile("[A-Za-z0-9-]{1,100}");

    private Announcements() {}

    static LiveEvent of(Outcome outcome, Instant appliedAt) {
        var record = outcome.incoming().record();
        return switch (outcome.incoming()) {
            case Incoming.Malformed malformed ->
                bare(record, eventType(record), plain(record.key()), appliedAt, outcome.effect(), malformed.reason());
            case Incoming.Legible legible ->
                switch (legible.change()) {
                    case Tombstone tombstone ->
                        bare(record, eventType(record), tombstone.id().toString(), appliedAt, outcome.effect(), null);
                    case Envelope envelope ->
                        new LiveEvent(
                                record.topic(),
                                record.partition(),
                                record.offset(),
                                envelope.eventType(),
                                envelope.id().toString(),
                                envelope.version(),
                                envelope.op(),
                                envelope.committedAt().toEpochMilli(),
                                appliedAt,
                                Duration.between(envelope.committedAt(), appliedAt)
                                        .toMillis(),
                                outcome.effect(),
                                null,
                                envelope.before(),
                                envelope.after());
                };
        };
    }

    private static LiveEvent bare(
            ConsumerRecord<byte[], byte[]> record,
            @Nullable String eventType,
            @Nullable String key,
            Instant appliedAt,
            Effect effect,
            @Nullable String reason) {
        return new LiveEvent(
                record.topic(),
                record.partition(),
                record.offset(),
                eventType,
                key,
                null,
                null,
                null,
                appliedAt,
                null,
                effect,
                reason,
                null,
                null);
    }

    private static @Nullable String eventType(ConsumerRecord<byte[], byte[]> record) {
        var header = record.headers().lastHeader("eventType");
        return header == null ? null : plain(header.value());
    }

    private static @Nullable String plain(byte @Nullable [] bytes) {
        if (bytes == null || bytes.length > 100) {
            return null;
        }
        String text = new String(bytes, StandardCharsets.US_ASCII);
        return PLAIN.matcher(text).matches() ? text : null;
    }
}
