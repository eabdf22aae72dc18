package dev.afterimage.projection.feed;

import io.quarkus.logging.Log;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import javax.sql.DataSource;
import org.apache.kafka.clients.consumer.CloseOptions;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerRebalanceListener;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.Metric;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.TimeoutException;
import org.jspecify.annotations.Nullable;

/**
 * The partitions of this instance and their next offsets. Before its first record a partition is placed: the consumer
 * seeks to the position in the database. Until then the partition is paused. Other threads may call {@link #wakeup()}.
 * The threads that apply a partition's records may call the methods that concern these records.
 */
final class Subscription implements AutoCloseable {

    private static final Duration QUIET_POLL = Duration.ofMillis(250);
    private static final Duration UNPLACED_POLL = Duration.ofMillis(20);
    /** Short enough for tools that show the lag. A commit per batch would cost the broker a write per batch. */
    private static final Duration COMMIT_INTERVAL = Duration.ofSeconds(1);

    private static final Duration CLOSE_TIMEOUT = Duration.ofSeconds(2);

    private final Consumer<byte[], byte[]> consumer;
    private final DataSource dataSource;
    private final Positions positions;
    private final Duration sessionTimeout;
    private final Metric connections;
    private final Metric receivedBytes;
    private final Set<TopicPartition> unplaced = new HashSet<>();
    private final Map<TopicPartition, Long> nextOffsets = new ConcurrentHashMap<>();
    private final Map<TopicPartition, OffsetAndMetadata> uncommitted = new HashMap<>();
    private long lastCommitNanos = System.nanoTime();
    private boolean joined;
    private Object received = 0;
    private long heardAt = System.nanoTime();

    Subscription(
            Consumer<byte[], byte[]> consumer,
            List<String> topics,
            Duration sessionTimeout,
            DataSource dataSource,
            Positions positions) {
        this.consumer = consumer;
        this.sessionTimeout = sessionTimeout;
        this.dataSource = dataSource;
        this.positions = positions;
        this.connections = metric("connection-count");
        this.receivedBytes = metric("incoming-byte-total");
        consumer.subscribe(topics, new Assignment());
    }

    private Metric metric(String name) {
        return consumer.metrics().values().stream()
                .filter(metric -> metric.metricName().name().equals(name)
                        && metric.metricName().group().equals("consumer-metrics"))
                .findFirst()
                .orElseThrow();
    }

    /**
     * Returns records of placed partitions. Also keeps the membership in the group and commits applied offsets to
     * Kafka.
     */
    ConsumerRecords<byte[], byte[]> poll() {
        if (!uncommitted.isEmpty() && System.nanoTime() - lastCommitNanos >= COMMIT_INTERVAL.toNanos()) {
            commit();
        }
        return consumer.poll(joined && unplaced.isEmpty() ? QUIET_POLL : UNPLACED_POLL);
    }

    /** Seeks new partitions to their positions in the database and resumes them. */
    void place() throws SQLException {
        if (unplaced.isEmpty()) {
            return;
        }
        Map<TopicPartition, Long> first = consumer.beginningOffsets(unplaced);
        Map<TopicPartition, Long> end = consumer.endOffsets(unplaced);
        Map<TopicPartition, Long> next;
        try (Connection connection = dataSource.getConnection()) {
            connection.setAutoCommit(false);
            try {
                Map<TopicPartition, Long> stored = positions.lock(connection, unplaced);
                next = new HashMap<>();
                for (TopicPartition partition : unplaced) {
                    next.put(
                            partition,
                            inside(
                                    partition,
                                    stored.get(partition),
                                    first.getOrDefault(partition, 0L),
                                    end.getOrDefault(partition, 0L)));
                }
                positions.put(connection, next);
                connection.commit();
            } catch (SQLException | RuntimeException e) {
                connection.rollback();
                throw e;
            }
        }
        next.forEach((partition, offset) -> {
            consumer.seek(partition, offset);
            uncommitted.put(partition, new OffsetAndMetadata(offset));
        });
        consumer.resume(unplaced);
        nextOffsets.putAll(next);
        Log.infof("Following %s", next);
        unplaced.clear();
    }

    private static long inside(TopicPartition partition, @Nullable Long stored, long first, long end) {
        if (stored == null) {
            return first;
        }
        if (stored > end) {
            Log.warnf(
                    "%s ends at offset %d, but was applied up to %d: the topic was created again."
                            + " Reading it from its beginning; older versions are ignored",
                    partition, end, stored);
            return first;
        }
        if (stored < first) {
            Log.warnf(
                    "%s begins at offset %d, but was applied up to %d only: retention deleted the records in between",
                    partition, first, stored);
            return first;
        }
        return stored;
    }

    /** Pauses the partitions until they are placed again. */
    void placeAgain(Collection<TopicPartition> partitions) {
        Set<TopicPartition> still = new HashSet<>(partitions);
        still.retainAll(consumer.assignment());
        consumer.pause(still);
        unplaced.addAll(still);
    }

    /**
     * Detects records below the next offset: the topic was deleted and created again while the feed read it. Sets the
     * position back, because the records would otherwise count as applied.
     */
    void acceptResetLogs(List<Incoming> batch) throws SQLException {
        Map<TopicPartition, Long> reset = new HashMap<>();
        for (Incoming incoming : batch) {
            long offset = incoming.record().offset();
            if (offset < nextOffsets.getOrDefault(incoming.partition(), 0L)) {
                reset.merge(incoming.partition(), offset, Math::min);
            }
        }
        if (reset.isEmpty()) {
            return;
        }
        Log.warnf("These topics were created again, reading from these offsets; older versions are ignored: %s", reset);
        try (Connection connection = dataSource.getConnection()) {
            positions.put(connection, reset);
        }
        nextOffsets.putAll(reset);
    }

    /** Whether more records follow, as far as the broker has reported them; does not query the broker. */
    boolean lags() {
        return consumer.assignment().stream()
                .anyMatch(partition -> consumer.currentLag(partition).orElse(0) > 0);
    }

    /** Whether the broker has reported for each partition that no more records follow. */
    boolean isCaughtUp() {
        return unplaced.isEmpty()
                && consumer.assignment().stream()
                        .allMatch(partition -> consumer.currentLag(partition).orElse(1) == 0);
    }

    /** The next offset to apply, by partition. */
    Map<TopicPartition, Long> nextOffsets() {
        return nextOffsets;
    }

    void markApplied(List<Outcome> outcomes) {
        for (Outcome outcome : outcomes) {
            nextOffsets.put(
                    outcome.incoming().partition(), outcome.incoming().record().offset() + 1);
        }
    }

    /**
     * Commits these offsets to Kafka within about a second, for Kafka's lag tools. This service does not depend on
     * them.
     */
    void commitSoon(Map<TopicPartition, OffsetAndMetadata> next) {
        uncommitted.putAll(next);
    }

    private void commit() {
        consumer.commitAsync(Map.copyOf(uncommitted), (committed, e) -> {
            if (e != null) {
                Log.debugf("Kafka did not take the offsets %s: %s", committed, e.getMessage());
            }
        });
        uncommitted.clear();
        lastCommitNanos = System.nanoTime();
    }

    FeedState state() {
        boolean connected = connections.metricValue() instanceof Double count && count > 0;
        if (!connected || isSilent()) {
            return FeedState.BROKER_LOST;
        }
        return joined && unplaced.isEmpty() ? FeedState.FOLLOWING : FeedState.STARTING;
    }

    /**
     * Whether the broker hangs. A broker that hangs keeps its connections open but sends no bytes; a healthy broker
     * answers heartbeats and fetches.
     */
    private boolean isSilent() {
        Object now = receivedBytes.metricValue();
        if (!now.equals(received)) {
            received = now;
            heardAt = System.nanoTime();
        }
        return System.nanoTime() - heardAt > sessionTimeout.toNanos();
    }

    /** The progress, from data that the consumer already has; does not query the broker. */
    List<FeedProgress.Partition> progress() {
        return nextOffsets.entrySet().stream()
                .map(each -> FeedProgress.Partition.of(
                        each.getKey().topic(),
                        each.getKey().partition(),
                        position(each.getKey(), each.getValue()),
                        consumer.currentLag(each.getKey())))
                .sorted(Comparator.comparing(FeedProgress.Partition::topic)
                        .thenComparing(FeedProgress.Partition::partition))
                .toList();
    }

    /** The consumer's position, because it also counts transaction markers, which are not records. */
    private long position(TopicPartition partition, long otherwise) {
        try {
            return consumer.position(partition, Duration.ZERO);
        } catch (TimeoutException e) {
            return otherwise; // the consumer is validating the position after a change of the partition's leader
        }
    }

    void wakeup() {
        consumer.wakeup();
    }

    @Override
    public void close() {
        try {
            if (!uncommitted.isEmpty()) {
                commit();
            }
        } finally { // a fenced consumer throws at each commit, but must still be closed
            consumer.close(CloseOptions.timeout(CLOSE_TIMEOUT)); // also waits for asynchronous commits
        }
    }

    private final class Assignment implements ConsumerRebalanceListener {

        @Override
        public void onPartitionsAssigned(Collection<TopicPartition> partitions) {
            joined = true;
            consumer.pause(partitions);
            unplaced.addAll(partitions);
        }

        @Override
        public void onPartitionsRevoked(Collection<TopicPartition> partitions) {
            unplaced.removeAll(partitions);
            nextOffsets.keySet().removeAll(partitions);
            uncommitted.keySet().removeAll(partitions);
        }

        @Override
        public void onPartitionsLost(Collection<TopicPartition> partitions) {
            joined = false;
            onPartitionsRevoked(partitions);
        }
    }
}
