package dev.afterimage.projection.eventlog;

import dev.afterimage.projection.change.Loggable;
import java.time.Instant;

/**
 * An event and where it stood.
 *
 * @param timestamp the record's own, which says in which partition of the log it lies
 */
public record LoggedRecord(String topic, int partition, long offset, Instant timestamp, Loggable change) {}
