package dev.afterimage.projection.rebuild;

import java.io.IOException;
import java.sql.SQLException;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** A source of past events. Throws SQLException or IOException while the database or the broker does not answer. */
interface History {

    /** The name of the source in requests. */
    String name();

    /**
     * Opens one partition.
     *
     * @param from the offset of the first record
     */
    Reader open(String topic, int partition, long from);

    /** What the history has of a partition; empty if the partition does not exist. */
    Optional<Extent> extent(String topic, int partition) throws SQLException, IOException;

    /**
     * A part of a partition's log.
     *
     * @param first the offset from which the history is complete
     * @param end the offset after its last record
     */
    record Extent(long first, long end) {}

    /** Reads one partition's records in the order of offsets; for use by one thread. */
    interface Reader extends AutoCloseable {

        /** The next records below that offset, limited to what fits into memory; empty if there are no more. */
        List<Past> next(long until) throws SQLException, IOException;

        @Override
        default void close() {}
    }

    /** A past record. */
    @SuppressWarnings("ArrayRecordComponent") // passed on, never compared
    record Past(long offset, byte @Nullable [] key, byte @Nullable [] value) {}
}
