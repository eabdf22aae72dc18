package dev.afterimage.projection.change;

import org.jspecify.annotations.Nullable;

/** Reads the records of topics. */
public interface RecordReader {

    /**
     * Reads one record.
     *
     * @throws MalformedRecord when topic, key or value break the contract; the record then becomes a dead letter
     */
    Loggable read(String topic, byte @Nullable [] key, byte @Nullable [] value) throws MalformedRecord;
}
