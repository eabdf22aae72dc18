package dev.afterimage.projection.change;

import com.fasterxml.jackson.databind.JsonNode;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * A change of one row of a source table, as Debezium captured it. No read model uses it.
 *
 * @param table the name with the schema
 * @param op null for a tombstone
 * @param key the columns of the primary key; null for a table without one
 */
public record RowChange(
        String table,
        @Nullable Operation op,
        @Nullable JsonNode key,
        @Nullable Instant committedAt,
        Envelope.@Nullable Raw raw)
        implements Loggable {

    @Override
    public String operation() {
        return op == null ? TOMBSTONE : op.code();
    }
}
