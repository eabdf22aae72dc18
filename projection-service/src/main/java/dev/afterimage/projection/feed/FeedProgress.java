package dev.afterimage.projection.feed;

import io.quarkus.runtime.annotations.RegisterForReflection;
import java.util.List;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/**
 * How far this instance is; the partitions of other instances of its group are not here.
 *
 * @param partitions as they were when it last had all in hand applied
 * @param lag of all these together; null where that of one is not known
 */
@RegisterForReflection
public record FeedProgress(
        FeedState state,
        List<Partition> partitions,
        @Nullable Long lag) {

    public FeedProgress {
        partitions = List.copyOf(partitions);
    }

    static FeedProgress of(FeedState state, List<Partition> partitions) {
        long lag = 0;
        for (Partition each : partitions) {
            if (each.lag() == null) {
                return new FeedProgress(state, partitions, null);
            }
            lag += each.lag();
        }
        return new FeedProgress(state, partitions, lag);
    }

    /**
     * One partition.
     *
     * @param position the offset up to which it is applied
     * @param end behind its last committed record; null where the broker has not told it yet
     * @param lag offsets between the two, those of transaction markers among them; null as {@code end}
     */
    @RegisterForReflection
    public record Partition(
            String topic,
            int partition,
            long position,
            @Nullable Long end,
            @Nullable Long lag) {

        static Partition of(String topic, int partition, long position, OptionalLong lag) {
            Long behind = lag.isPresent() ? lag.getAsLong() : null;
            return new Partition(topic, partition, position, behind == null ? null : position + behind, behind);
        }
    }
}
