package dev.afterimage.projection.change;

import java.util.UUID;

/** One readable record of the topic. */
public sealed interface Change permits Envelope, Tombstone {

    /** The aggregate's id, which is the record's key. */
    UUID id();
}
