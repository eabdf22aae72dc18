package dev.afterimage.shop.outbox;

import java.util.UUID;

/** An aggregate as others see it: the body of a REST answer and the before or after of an event are the same record. */
public interface Image {
    UUID id();

    /** Starts at 1 and rises by exactly 1 per committed change. */
    long version();
}
