package dev.afterimage.projection.eventlog;

import com.fasterxml.jackson.annotation.JsonIgnore;
import com.fasterxml.jackson.databind.JsonNode;
import io.quarkus.runtime.annotations.RegisterForReflection;
import java.time.Instant;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.eclipse.microprofile.openapi.annotations.media.Schema;
import org.jspecify.annotations.Nullable;

/**
 * An event in an order's history.
 *
 * @param operation c, u, d, r or tombstone
 * @param eventType null for a tombstone
 * @param version null for a tombstone
 * @param cursor the place in the history
 * @param committedAt when the source committed the event; a tombstone has no such time, so it is {@code publishedAt}
 * @param publishedAt the time of the Kafka record
 * @param processedAt when the event was written to the event log
 * @param before the image before the event; null if there is none
 * @param after the image after the event; null if there is none
 * @param changes the differences between the two images; empty unless both exist
 */
public record PastEvent(
        @JsonIgnore Cursor cursor,
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

    /** The place of an event in the history. */
    @RegisterForReflection
    public record Cursor(long place, long id) {

        static final Cursor START = new Cursor(-1, 0);
        private static final Pattern TEXT = Pattern.compile("([0-9]{1,19})-([0-9]{1,19})");

        public static Cursor fromString(String text) {
            Matcher matcher = TEXT.matcher(text);
            if (!matcher.matches()) {
                throw new IllegalArgumentException("no cursor");
            }
            return new Cursor(Long.parseLong(matcher.group(1)), Long.parseLong(matcher.group(2)));
        }

        @Override
        public String toString() {
            return place + "-" + id;
        }
    }
}
