package dev.afterimage.projection.feed;

import com.fasterxml.jackson.annotation.JsonValue;
import io.quarkus.runtime.annotations.RegisterForReflection;
import java.time.Instant;
import java.util.Locale;

/**
 * Records that were gone from their topic before they were applied.
 *
 * @param fromOffset the offset of the first record that is missing
 * @param toOffset the offset at which the feed went on; equal to {@code fromOffset} if it did not go on, and the position
 *     before the gap if the broker lost the end of the topic
 */
@RegisterForReflection
public record Gap(long id, String topic, int partition, long fromOffset, long toOffset, Cause cause, Instant foundAt) {

    /** Why the records are gone. */
    @RegisterForReflection
    public enum Cause {
        /** The topic begins after the position in the database. */
        RETENTION("retention deleted the records in between"),
        /** The topic has another id, so the position belongs to a log that no longer exists. */
        CREATED_AGAIN("the topic was created again, and is read from its beginning"),
        /** The partition existed before the topic was created again. */
        FEWER_PARTITIONS("the topic was created again without this partition"),
        /** The topic has the same id and ends before the position in the database. */
        TRUNCATED("the broker lost the end of the topic, which is read again from its beginning"),
        /** The topic does not exist. */
        DELETED("the topic was deleted"),
        /** The topic begins after the position of the replica's sink; the read model and the event log have the records. */
        REPLICA("records were deleted before the replica's sink read them");

        private final String description;

        Cause(String description) {
            this.description = description;
        }

        String description() {
            return description;
        }

        @JsonValue
        public String code() {
            return name().toLowerCase(Locale.ROOT).replace('_', '-');
        }
    }
}
