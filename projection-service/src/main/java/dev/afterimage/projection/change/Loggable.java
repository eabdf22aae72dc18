package dev.afterimage.projection.change;

import com.fasterxml.jackson.databind.JsonNode;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/** The parts of a readable record that the event log keeps. */
public sealed interface Loggable permits Change, RowChange {

    /** The operation of a record without a value; Debezium has no letter for it. */
    String TOMBSTONE = "tombstone";

    /** The changed table: {@code orders} for the aggregate, {@code public.orders} for a row of the table. */
    String table();

    /** Debezium's letter for the operation, or {@link #TOMBSTONE}. */
    String operation();

    /** The key as JSON, such as <code>{"id": …}</code>; null if the record has none. */
    @Nullable JsonNode key();

    /** The time of the commit at the source; null for a tombstone. */
    default @Nullable Instant committedAt() {
        return null;
    }

    /** The JSON of the envelope; null for a tombstone. */
    default Envelope.@Nullable Raw raw() {
        return null;
    }
}
