package dev.afterimage.projection.eventlog;

import dev.afterimage.projection.change.Effect;
import dev.afterimage.projection.change.Loggable;
import java.time.Instant;

/**
 * An event, its position in the topic, and its effect.
 *
 * @param timestamp the timestamp of the record, which determines the partition of the log
 */
public record LoggedRecord(
        String topic, int partition, long offset, Instant timestamp, Loggable change, Effect effect) {

    /** The SQL of an event's value in its received form; null for a tombstone. */
    public static final String VALUE = """
            case when operation <> 'tombstone' then
                jsonb_build_object('op', operation, 'before', before_data, 'after', after_data,
                                   'source', source_metadata,
                                   'ts_ms', (extract(epoch from event_timestamp) * 1000)::bigint)::text
            end""";
}
