package dev.afterimage.projection.feed;

import io.quarkus.logging.Log;
import jakarta.enterprise.context.ApplicationScoped;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import org.apache.kafka.common.TopicPartition;
import org.jspecify.annotations.Nullable;

/**
 * Asks the broker every five seconds where the partitions end, and notices a partition that has records but does not
 * move, because of an open transaction or of a batch that cannot be read. The consumer's lag does not show an open
 * transaction, because it counts only the records before it. For use by the consumer's thread.
 */
@ApplicationScoped
class StallWatch {

    private static final Duration INTERVAL = Duration.ofSeconds(5);

    private final TopicIds topicIds;
    private final FeedStatus status;
    private final Map<TopicPartition, Instant> since = new HashMap<>();
    private final Set<TopicPartition> logged = new HashSet<>();
    private Instant askedAt = Instant.EPOCH;
    private Map<TopicPartition, Long> asked = Map.of();
    private @Nullable CompletableFuture<Map<TopicPartition, Long>> answer;

    StallWatch(TopicIds topicIds, FeedStatus status) {
        this.topicIds = topicIds;
        this.status = status;
    }

    /**
     * @param nextOffsets the next offset to apply, by partition
     * @param positions the consumer's positions, which also count transaction markers
     */
    void look(Map<TopicPartition, Long> nextOffsets, Map<TopicPartition, Long> positions) {
        Instant now = Instant.now();
        since.keySet().removeIf(partition -> !Objects.equals(asked.get(partition), nextOffsets.get(partition)));
        if (answer == null && askedAt.plus(INTERVAL).isBefore(now)) {
            askedAt = now;
            asked = nextOffsets;
            answer = topicIds.ends(asked.keySet());
        } else if (answer != null && answer.isDone()) {
            CompletableFuture<Map<TopicPartition, Long>> done = answer;
            answer = null;
            if (done.isCompletedExceptionally()) {
                Log.debugf("The broker does not tell the ends: %s", done.exceptionNow());
            } else {
                done.join().forEach((partition, end) -> {
                    Long next = nextOffsets.get(partition);
                    Long position = positions.get(partition);
                    if (next != null && next.equals(asked.get(partition)) && position != null && position < end) {
                        stands(partition, next, end);
                    } else {
                        since.remove(partition);
                    }
                });
            }
        }
        logged.retainAll(since.keySet());
        status.stalledSince(since.values().stream().min(Instant::compareTo).orElse(null));
    }

    private void stands(TopicPartition partition, long next, long end) {
        if (since.putIfAbsent(partition, askedAt) != null && logged.add(partition)) {
            Log.warnf(
                    "The partition has records but does not move: a transaction is open, or its records cannot be read"
                            + " or applied topic=%s partition=%d offset=%d end=%d",
                    partition.topic(), partition.partition(), next, end);
        }
    }
}
