package dev.afterimage.projection.rebuild;

import java.io.IOException;
import java.sql.SQLException;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Where past events can be read once more. Whatever does not answer at the moment throws SQLException or IOException. */
public interface History {

    /** As a request names it. */
    String name();

    /**
     * Opens one partition.
     *
     * @param from the offset of the first record that is wanted
     */
    Reader open(String topic, int partition, long from);

    /** The offset from which on nothing is missing. */
    long first(String topic, int partition) throws SQLException, IOException;

    /** One partition's records in the order of offsets; for one thread. */
    interface Reader extends AutoCloseable {

        /** The next records below that offset, so many as fit into memory; empty when there are no more. */
        List<Past> next(long until) throws SQLException, IOException;

        @Override
        void close();
    }

    /** A record. */
    @SuppressWarnings("ArrayRecordComponent") // passed on, never compared
    record Past(long offset, byte @Nullable [] key, byte @Nullable [] value) {}
}
