package dev.afterimage.projection.eventlog;

import com.fasterxml.jackson.databind.JsonNode;
import java.time.Instant;
import java.util.List;
import org.eclipse.microprofile.openapi.annotations.media.Schema;
import org.jspecify.annotations.Nullable;

/**
 * An event of an order's life.
 *
 * @param operation c, u, d, r, or t for a tombstone
 * @param eventType null for a tombstone
 * @param version null for a tombstone
 * @param committedAt when the source committed it; a tombstone does not say, for it the same as {@code publishedAt}
 * @param publishedAt the time of the Kafka record
 * @param processedAt when it was written to the log here
 * @param before the image that it replaced, null for none
 * @param after the image that it left, null for none
 * @param changes in what these two differ, empty unless there are both
 */
public record PastEvent(
        String topic,
        int partition,
        long offset,
        @Schema(enumeration = {"c", "u", "d", "r", "t"}) String operation,
        @Nullable String eventType,
        @Nullable Long version,
        Instant committedAt,
        Instant publishedAt,
        Instant processedAt,
        @Nullable JsonNode before,
        @Nullable JsonNode after,
        List<Difference> changes) {

    public PastEvent {
        changes = List.copyOf(changes);
    }
}
