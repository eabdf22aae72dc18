package dev.afterimage.projection.feed;

import io.quarkus.runtime.annotations.RegisterForReflection;
import java.util.List;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/**
 * The progress of this instance. The partitions of other instances of the group are not included.
 *
 * @param partitions the state after the last received records were applied
 * @param lag the sum over the partitions; null if the lag of one is unknown
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
     * @param position the next offset to apply
     * @param end the offset after the last committed record; null if the broker has not sent it yet
     * @param lag {@code end} minus {@code position}, including the offsets of transaction markers; null if {@code end}
     *     is null
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
