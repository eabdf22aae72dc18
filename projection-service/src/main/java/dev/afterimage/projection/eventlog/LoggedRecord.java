package dev.afterimage.projection.eventlog;

import dev.afterimage.projection.change.Loggable;
import java.time.Instant;

/**
 * An event and its position in the topic.
 *
 * @param timestamp the timestamp of the record, which determines the partition of the log
 */
public record LoggedRecord(String topic, int partition, long offset, Instant timestamp, Loggable change) {}
