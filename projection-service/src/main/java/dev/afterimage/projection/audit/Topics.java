package dev.afterimage.projection.audit;

import java.io.IOException;
import java.util.List;

/** The progress of consumer groups. */
public interface Topics {

    /**
     * Marks the current ends of the topics.
     *
     * @throws IOException when the broker does not answer, or a topic does not exist
     */
    Mark mark(List<String> topics, String group) throws IOException;

    /** A position in the topics. */
    interface Mark {

        /**
         * Whether the group has read all records before this position.
         *
         * @throws IOException when the broker does not answer
         */
        boolean passed() throws IOException;
    }
}
