package dev.afterimage.projection.change;

import com.fasterxml.jackson.databind.JsonNode;
import java.time.Instant;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * One event in Debezium's envelope.
 *
 * @param version rises by one per committed change of the aggregate; a delete has its own version
 * @param before the image before the change; null for a create and a snapshot
 * @param after the image after the change; null for a delete only
 * @param committedAt the event's {@code ts_ms}
 * @param raw the received JSON, including fields that the images here do not have
 */
public record Envelope(
        String aggregate,
        Operation op,
        UUID id,
        long version,
        @Nullable Image before,
        @Nullable Image after,
        String eventType,
        Instant committedAt,
        Raw raw)
        implements Change {

    /** The parts of the envelope as JSON; a missing image is null. */
    public record Raw(@Nullable JsonNode before, @Nullable JsonNode after, JsonNode source) {}

    @Override
    public String operation() {
        return op.code();
    }

    public Envelope {
        if ((before != null) != op.hasBefore() || (after != null) != op.hasAfter()) {
            throw new IllegalArgumentException("the images do not fit op " + op.code());
        }
    }
}
