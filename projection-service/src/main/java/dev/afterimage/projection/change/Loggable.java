package dev.afterimage.projection.change;

import java.time.Instant;
import org.jspecify.annotations.Nullable;

/** What the event log keeps of a readable record. */
public sealed interface Loggable permits Change, RowChange {

    /** The letter of a record without a value. */
    String TOMBSTONE = "t";

    /** Whose change it is: {@code orders} for the aggregate, {@code public.orders} for a row of the table. */
    String table();

    /** Debezium's letter, or {@link #TOMBSTONE}. */
    String operation();

    /** Null where the record has none. */
    @Nullable String key();

    /** When the source committed it, null for a tombstone. */
    @Nullable Instant committedAt();

    /** Null for a tombstone. */
    Envelope.@Nullable Raw raw();
}
