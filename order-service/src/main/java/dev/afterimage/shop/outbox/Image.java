package dev.afterimage.shop.outbox;

import java.util.UUID;

/**
 * The public form of an aggregate. The body of a REST answer and the {@code before} or {@code after} of an event are
 * the same record.
 */
public interface Image {

    UUID id();

    /** Starts at 1 and rises by exactly 1 per committed change. */
    long version();
}
