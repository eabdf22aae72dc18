package dev.afterimage.projection.change;

import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * A change of one row of a source table, as Debezium captured it. No read model uses it.
 *
 * @param table the name with the schema
 * @param op null for a tombstone
 * @param key the value of a primary key of one column, or the JSON of several columns; null for a table without a
 *     primary key
 */
public record RowChange(
        String table,
        @Nullable Operation op,
        @Nullable String key,
        @Nullable Instant committedAt,
        Envelope.@Nullable Raw raw)
        implements Loggable {

    @Override
    public String operation() {
        return op == null ? TOMBSTONE : op.code();
    }
}
