package dev.afterimage.projection.eventlog;

import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * A record as it came.
 *
 * @param table the source table that it tells of, such as {@code orders}
 * @param timestamp the record's own, which says in which partition of the log it lies
 * @param value JSON, bare or with its schema; null for a tombstone
 */
public record LoggedRecord(
        String table,
        String topic,
        int partition,
        long offset,
        Instant timestamp,
        String key,
        @Nullable String value) {}
