package dev.afterimage.projection.change;

import java.time.Instant;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * One event in Debezium's envelope.
 *
 * @param version rises by one per committed change of the aggregate; a delete has its own
 * @param before the image the change replaced; null for a create and a snapshot
 * @param after the image the change left; null for a delete only
 * @param committedAt the event's {@code ts_ms}
 */
public record Envelope(
        String aggregate,
        Operation op,
        UUID id,
        long version,
        @Nullable Image before,
        @Nullable Image after,
        String eventType,
        Instant committedAt)
        implements Change {

    public Envelope {
        if ((before != null) != op.hasBefore() || (after != null) != op.hasAfter()) {
            throw new IllegalArgumentException("the images do not fit op " + op.code());
        }
    }
}
