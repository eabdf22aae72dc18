package dev.afterimage.projection.change;

import java.util.UUID;

/** One readable record of a topic. */
public sealed interface Change permits Envelope, Tombstone {

    /** Such as {@code order}. */
    String aggregate();

    /** The aggregate's id, which is the record's key. */
    UUID id();
}
