package dev.afterimage.projection.feed;

import dev.afterimage.projection.sql.RoundTrip;
import io.quarkus.logging.Log;
import io.quarkus.runtime.ShutdownEvent;
import io.quarkus.scheduler.Scheduled;
import io.smallrye.common.annotation.Identifier;
import io.smallrye.reactive.messaging.kafka.KafkaConsumerRebalanceListener;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.event.Observes;
import jakarta.enterprise.inject.Default;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import javax.sql.DataSource;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.InterruptException;
import org.apache.kafka.common.errors.WakeupException;
import org.jspecify.annotations.Nullable;

/**
 * The partitions of this instance. Before its first record a partition is placed: the consumer seeks to the position in
 * the database. A partition whose records cannot be applied is set back: its records are dropped until the partition is
 * placed again.
 *
 * <p>The methods with a consumer run on the consumer's thread, all others on any thread.
 */
@ApplicationScoped
@Identifier(FeedChannel.NAME) @Default
class Assignment implements KafkaConsumerRebalanceListener {

    private final DataSource dataSource;
    private final DataSource probes;
    private final Positions positions;
    private final Gaps gaps;
    private final FeedStatus status;
    private final Outage outage;
    private final Map<TopicPartition, Place> places = new ConcurrentHashMap<>();
    /** By partition, the offset after the last record that the channel delivered; stays when a partition is revoked. */
    private final Map<TopicPartition, Long> delivered = new ConcurrentHashMap<>();

    private final CountDownLatch stopping = new CountDownLatch(1);
    /** What was applied at the last check. */
    private volatile Map<TopicPartition, Long> settled = Map.of();

    private volatile Map<TopicPartition, Long> checked = Map.of();
    private volatile boolean joined;
    private volatile Instant changedAt = Instant.now();

    Assignment(
            DataSource dataSource,
            @io.quarkus.agroal.DataSource("probes") DataSource probes,
            Positions positions,
            Gaps gaps,
            FeedStatus status,
            FeedConfig config) {
        this.dataSource = dataSource;
        this.probes = probes;
        this.positions = positions;
        this.gaps = gaps;
        this.status = status;
        this.outage = new Outage(config.maxBackoff());
    }

    /**
     * Where a partition is.
     *
     * @param next the next offset to apply
     * @param goneBack whether the channel may still deliver records that it read before the partition was placed
     * @param placeAgainAt when to place the partition again; null if it is not set back
     */
    private record Place(
            long next, boolean goneBack, @Nullable Instant placeAgainAt) {}

    @Override
    public void onPartitionsAssigned(Consumer<?, ?> consumer, Collection<TopicPartition> partitions) {
        while (!isStopping()) {
            try {
                place(consumer, partitions);
                outage.isOver();
                break;
            } catch (WakeupException | InterruptException e) {
                throw e;
            } catch (SQLException e) {
                status.is(FeedState.WAITING);
                pause(outage.goesOn("The database does not tell the positions", e));
            } catch (KafkaException e) {
                status.is(FeedState.WAITING);
                pause(outage.goesOn("The broker does not tell the offsets", e));
            }
        }
        joined = true;
        changedAt = Instant.now();
    }

    @Override
    public void onPartitionsRevoked(Consumer<?, ?> consumer, Collection<TopicPartition> partitions) {
        places.keySet().removeAll(partitions);
    }

    @Override
    public void onPartitionsLost(Consumer<?, ?> consumer, Collection<TopicPartition> partitions) {
        joined = false;
        onPartitionsRevoked(consumer, partitions);
    }

    boolean hasJoined() {
        return joined;
    }

    void stop(@Observes ShutdownEvent event) {
        stopping.countDown();
    }

    boolean isStopping() {
        return stopping.getCount() == 0;
    }

    /** Returns after this time, or when the service stops. */
    void pause(Duration pause) {
        try {
            boolean _ = stopping.await(pause.toMillis(), TimeUnit.MILLISECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** When partitions were last assigned. */
    Instant changedAt() {
        return changedAt;
    }

    /** Places the partitions that were set back and whose pause is over; the others stay paused. */
    void placeAgain(Consumer<?, ?> consumer) throws SQLException {
        Instant now = Instant.now();
        List<TopicPartition> due = new ArrayList<>();
        places.forEach((partition, place) -> {
            Instant at = place.placeAgainAt();
            if (at != null && now.isBefore(at)) {
                consumer.pause(List.of(partition));
            } else if (at != null) {
                due.add(partition);
            }
        });
        if (!due.isEmpty()) {
            place(consumer, due);
            consumer.resume(due);
        }
    }

    private void place(Consumer<?, ?> consumer, Collection<TopicPartition> partitions) throws SQLException {
        if (partitions.isEmpty()) { // a rebalance that brought no partition
            return;
        }
        Map<TopicPartition, Long> first = consumer.beginningOffsets(partitions);
        Map<TopicPartition, Long> end = consumer.endOffsets(partitions);
        Map<TopicPartition, Long> next = new HashMap<>();
        try (Connection connection = dataSource.getConnection()) {
            connection.setAutoCommit(false);
            try {
                var reads = new RoundTrip();
                Map<TopicPartition, Long> stored = positions.lock(reads, partitions);
                reads.run(connection);
                for (TopicPartition partition : partitions) {
                    next.put(
                            partition,
                            place(
                                    connection,
                                    partition,
                                    stored.get(partition),
                                    first.getOrDefault(partition, 0L),
                                    end.getOrDefault(partition, 0L)));
                }
                var writes = new RoundTrip();
                positions.put(writes, next);
                writes.run(connection);
                connection.commit();
            } catch (SQLException | RuntimeException e) {
                connection.rollback();
                throw e;
            }
        }
        next.forEach((partition, offset) -> {
            consumer.seek(partition, offset);
            places.put(partition, new Place(offset, delivered.getOrDefault(partition, 0L) > offset, null));
        });
        Log.infof("Following %s", next);
    }

    private long place(Connection connection, TopicPartition partition, @Nullable Long stored, long first, long end)
            throws SQLException {
        if (stored == null) {
            return first;
        }
        if (stored > end) {
            gaps.add(connection, partition, stored, first, Gap.Cause.CREATED_AGAIN);
            return first;
        }
        if (stored < first) {
            gaps.add(connection, partition, stored, first, Gap.Cause.RETENTION);
            return first;
        }
        return stored;
    }

    /**
     * Whether to apply these records, which the channel delivers now. The answer is no for a partition that this
     * instance no longer has or that is set back. It is also no for records that the channel read before the consumer
     * went back: they begin after all delivered records, and the records to read again begin before them.
     */
    boolean isNext(TopicPartition partition, List<? extends ConsumerRecord<?, ?>> records) {
        long first = records.getFirst().offset();
        long before = delivered.getOrDefault(partition, 0L);
        delivered.put(partition, records.getLast().offset() + 1);
        Place place = places.computeIfPresent(partition, (_, each) -> {
            if (!each.goneBack() || each.placeAgainAt() != null) {
                return each;
            }
            // the records to read again may be deleted meanwhile, so it is placed again if these are others
            return first < before ? new Place(each.next(), false, null) : new Place(each.next(), true, Instant.now());
        });
        return place != null && !place.goneBack();
    }

    /**
     * Sets back the partitions whose position in the database is below the offset that was applied a second ago:
     * PostgreSQL crashed and lost its last commits. Without new records no batch would notice that. By default,
     * PostgreSQL has a commit on disk after at most 0.6 s.
     *
     * @see <a href="https://www.postgresql.org/docs/18/wal-async-commit.html">Asynchronous Commit</a>
     */
    @Scheduled(every = "1s", concurrentExecution = Scheduled.ConcurrentExecution.SKIP)
    void check() {
        if (!settled.equals(checked)) {
            var reads = new RoundTrip();
            Map<TopicPartition, Long> stored = positions.read(reads, settled.keySet());
            try (Connection connection = probes.getConnection()) {
                reads.run(connection);
            } catch (SQLException e) {
                Log.debugf("The database does not tell the positions: %s", e.getMessage());
                return; // compares the same offsets a second later
            }
            settled.forEach((partition, next) -> {
                Place place = places.get(partition);
                long found = stored.getOrDefault(partition, 0L);
                if (place != null && next <= place.next() && found < next) {
                    Log.warnf(
                            "Going back to the position in the database, which has lost commits topic=%s partition=%d"
                                    + " offset=%d next=%d",
                            partition.topic(), partition.partition(), found, next);
                    setBack(partition, Duration.ZERO);
                }
            });
            checked = settled;
        }
        settled = nextOffsets();
    }

    /** Drops the records of the partition until it is placed again, after this pause. */
    void setBack(TopicPartition partition, Duration pause) {
        places.computeIfPresent(
                partition,
                (_, place) -> new Place(place.next(), true, Instant.now().plus(pause)));
    }

    /** Whether partitions are set back, or have not read again what they dropped. */
    boolean isBehind() {
        return places.values().stream().anyMatch(Place::goneBack);
    }

    boolean has(TopicPartition partition) {
        return places.containsKey(partition);
    }

    /** The next offset to apply, by partition; also of partitions that are set back. */
    Map<TopicPartition, Long> nextOffsets() {
        Map<TopicPartition, Long> next = new TreeMap<>(Positions.ORDER);
        places.forEach((partition, place) -> next.put(partition, place.next()));
        return next;
    }

    /** The records of the partition are applied up to this offset, which is the next one. */
    void applied(TopicPartition partition, long next) {
        places.computeIfPresent(partition, (_, place) -> new Place(next, place.goneBack(), place.placeAgainAt()));
    }
}
