package dev.afterimage.projection.feed;

import dev.afterimage.projection.change.TopicReader;
import io.quarkus.logging.Log;
import jakarta.enterprise.context.ApplicationScoped;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.apache.kafka.common.TopicPartition;
import org.jspecify.annotations.Nullable;

/**
 * Asks the broker once a second whether the topics are still the same. The consumer does not notice a topic that is
 * created again with as many partitions: it continues at its offset in the new log. For use by the consumer's thread.
 */
@ApplicationScoped
class TopicWatch {

    private static final Duration INTERVAL = Duration.ofSeconds(1);
    /** A topic that is deleted to be created again is missing for a moment. */
    private static final Duration MISSING_LIMIT = Duration.ofSeconds(5);

    private final TopicIds topicIds;
    private final Assignment assignment;
    private final Gaps gaps;
    private final List<String> topics;
    private final Map<String, Instant> missingSince = new HashMap<>();
    private Instant askedAt = Instant.EPOCH;
    private Map<TopicPartition, Long> nextOffsets = Map.of();
    private @Nullable CompletableFuture<Map<String, TopicIds.Topic>> answer;

    TopicWatch(TopicIds topicIds, Assignment assignment, Gaps gaps, TopicReader reader) {
        this.topicIds = topicIds;
        this.assignment = assignment;
        this.gaps = gaps;
        this.topics = reader.topics();
    }

    void look() throws SQLException {
        Instant now = Instant.now();
        if (answer == null && askedAt.plus(INTERVAL).isBefore(now)) {
            askedAt = now;
            nextOffsets = assignment.nextOffsets();
            answer = topicIds.ask(topics);
        } else if (answer != null && answer.isDone()) {
            CompletableFuture<Map<String, TopicIds.Topic>> done = answer;
            answer = null;
            if (done.isCompletedExceptionally()) {
                Log.debugf("The broker does not tell the topics: %s", done.exceptionNow());
            } else {
                assignment.compare(done.join(), nextOffsets);
                tellMissing(done.join(), now);
            }
        }
    }

    private void tellMissing(Map<String, TopicIds.Topic> existing, Instant now) throws SQLException {
        missingSince.keySet().removeAll(existing.keySet());
        for (String topic : topics) {
            if (!existing.containsKey(topic)
                    && missingSince
                            .computeIfAbsent(topic, _ -> now)
                            .plus(MISSING_LIMIT)
                            .isBefore(now)) {
                gaps.addDeleted(topic);
            }
        }
    }
}
