package dev.afterimage.projection.audit;

import java.io.IOException;
import java.util.List;

/** How far consumer groups have read. */
public interface Topics {

    /**
     * Remembers where the topics end now.
     *
     * @throws IOException when the broker does not answer, or there is no such topic
     */
    Mark mark(List<String> topics, String group) throws IOException;

    /** A place in the topics. */
    interface Mark {

        /**
         * Whether the group has read all records before it.
         *
         * @throws IOException when the broker does not answer
         */
        boolean passed() throws IOException;
    }
}
