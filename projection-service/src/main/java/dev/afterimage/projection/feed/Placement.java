package dev.afterimage.projection.feed;

import static dev.afterimage.projection.feed.Gap.Cause.CREATED_AGAIN;
import static dev.afterimage.projection.feed.Gap.Cause.FEWER_PARTITIONS;
import static dev.afterimage.projection.feed.Gap.Cause.RETENTION;
import static dev.afterimage.projection.feed.Gap.Cause.TRUNCATED;

import dev.afterimage.projection.sql.RoundTrip;
import jakarta.enterprise.context.ApplicationScoped;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import java.util.function.Function;
import java.util.stream.Collectors;
import javax.sql.DataSource;
import org.apache.kafka.common.TopicPartition;
import org.jspecify.annotations.Nullable;

/** Decides from which offset a partition is read, and records the gap when that is not the position in the database. */
@ApplicationScoped
class Placement {

    private final DataSource dataSource;
    private final Positions positions;
    private final Gaps gaps;

    Placement(DataSource dataSource, Positions positions, Gaps gaps) {
        this.dataSource = dataSource;
        this.positions = positions;
        this.gaps = gaps;
    }

    /**
     * What the database and the broker know of a partition.
     *
     * @param stored the position in the database; null if there is none
     * @param storedId the id of the topic that the position belongs to; null if it is unknown
     */
    record Placed(@Nullable Long stored, @Nullable String storedId, String topicId, long first, long end) {

        private Gap.@Nullable Cause gap() {
            if (stored == null) {
                return first > 0 ? RETENTION : null;
            }
            if (storedId != null && !storedId.equals(topicId)) {
                return CREATED_AGAIN;
            }
            if (stored > end) {
                return storedId == null ? CREATED_AGAIN : TRUNCATED;
            }
            return stored < first ? RETENTION : null;
        }

        /** Whether the log is another one than the position belongs to. */
        boolean isReplaced() {
            return gap() == CREATED_AGAIN || gap() == TRUNCATED;
        }

        /** The offset to read from. */
        long next() {
            return stored == null || gap() != null ? first : stored;
        }
    }

    /**
     * Places partitions in one transaction.
     *
     * @param topics the topics of the partitions, as the broker has them
     * @param first the first offset of each partition
     * @param end the offset after the last record of each partition
     * @param seen the next offset to apply when the topic was last seen as it was; without the partitions that are new
     */
    Map<TopicPartition, Placed> place(
            Map<String, TopicIds.Topic> topics,
            Map<TopicPartition, Long> first,
            Map<TopicPartition, Long> end,
            Map<TopicPartition, Long> seen)
            throws SQLException {
        try (Connection connection = dataSource.getConnection()) {
            connection.setAutoCommit(false);
            try {
                var reads = new RoundTrip();
                Map<TopicPartition, Long> stored = positions.lock(reads, first.keySet());
                Map<TopicPartition, String> ids = positions.topicIds(reads, first.keySet());
                reads.run(connection);
                Map<TopicPartition, Placed> placed = new HashMap<>();
                for (TopicPartition partition : first.keySet()) {
                    var found = new Placed(
                            stored.get(partition),
                            ids.get(partition),
                            Objects.requireNonNull(topics.get(partition.topic()))
                                    .id(),
                            first.getOrDefault(partition, 0L),
                            end.getOrDefault(partition, 0L));
                    placed.put(partition, found);
                    recordGap(connection, partition, found, seen.get(partition));
                }
                var writes = new RoundTrip();
                positions.put(writes, mapped(placed, Placed::next));
                positions.putTopicIds(writes, mapped(placed, Placed::topicId));
                writes.run(connection);
                for (Map.Entry<String, TopicIds.Topic> topic : topics.entrySet()) {
                    for (Map.Entry<TopicPartition, Long> gone :
                            positions.removeSurplus(connection, topic.getKey(), topic.getValue())) {
                        gaps.add(connection, gone.getKey(), gone.getValue(), gone.getValue(), FEWER_PARTITIONS);
                    }
                }
                connection.commit();
                return placed;
            } catch (SQLException | RuntimeException e) {
                connection.rollback();
                throw e;
            }
        }
    }

    private static <T> Map<TopicPartition, T> mapped(Map<TopicPartition, Placed> placed, Function<Placed, T> property) {
        return placed.entrySet().stream()
                .collect(Collectors.toMap(Map.Entry::getKey, each -> property.apply(each.getValue())));
    }

    private void recordGap(Connection connection, TopicPartition partition, Placed placed, @Nullable Long seen)
            throws SQLException {
        Gap.Cause cause = placed.gap();
        long stored = placed.stored() == null ? 0 : placed.stored();
        if (cause == RETENTION) {
            positions.lack(connection, partition, placed.first());
            gaps.add(connection, partition, stored, placed.first(), cause);
        } else if (cause != null) {
            long from = seen == null ? stored : Math.min(stored, seen); // later records may be of the new log
            positions.replaceLog(connection, partition, placed.first(), from);
            if (cause == TRUNCATED) {
                gaps.add(connection, partition, placed.end(), stored, cause);
            } else {
                gaps.add(connection, partition, from, placed.first(), cause);
            }
        }
    }
}
