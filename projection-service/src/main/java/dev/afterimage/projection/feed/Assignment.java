package dev.afterimage.projection.feed;

import io.quarkus.logging.Log;
import io.quarkus.runtime.ShutdownEvent;
import io.smallrye.common.annotation.Identifier;
import io.smallrye.reactive.messaging.kafka.KafkaConsumerRebalanceListener;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.event.Observes;
import jakarta.enterprise.inject.Default;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
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

    private static final Duration MISSING_PAUSE = Duration.ofSeconds(1);

    private final TopicIds topicIds;
    private final Placement placement;
    private final FeedStatus status;
    private final Outage outage;
    private final Map<TopicPartition, Place> places = new ConcurrentHashMap<>();
    /** When to look again whether the topic of a partition exists; only for the consumer's thread. */
    private final Map<TopicPartition, Instant> missing = new HashMap<>();
    /** By partition, the offset after the last record that the channel delivered; stays when a partition is revoked. */
    private final Map<TopicPartition, Long> delivered = new ConcurrentHashMap<>();

    /** Only for the consumer's thread. */
    private final Map<TopicPartition, Seen> seen = new HashMap<>();

    private final CountDownLatch stopping = new CountDownLatch(1);
    private volatile boolean joined;
    private volatile Instant changedAt = Instant.now();

    Assignment(TopicIds topicIds, Placement placement, FeedStatus status, FeedConfig config) {
        this.topicIds = topicIds;
        this.placement = placement;
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

    /** The next offset of a partition when its topic was last seen with this id. */
    private record Seen(String topicId, long next) {}

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
        missing.keySet().removeAll(partitions);
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

    /** Places the partitions that were set back or missing and whose pause is over; the others stay paused. */
    void placeAgain(Consumer<?, ?> consumer) throws SQLException {
        Map<TopicPartition, Instant> waiting = new HashMap<>(missing);
        places.forEach((partition, place) -> {
            if (place.placeAgainAt() != null) {
                waiting.put(partition, place.placeAgainAt());
            }
        });
        Instant now = Instant.now();
        List<TopicPartition> due = new ArrayList<>();
        waiting.forEach((partition, at) -> {
            if (now.isBefore(at)) {
                consumer.pause(List.of(partition));
            } else {
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
        Map<String, TopicIds.Topic> topics =
                topicIds.existing(partitions.stream().map(TopicPartition::topic).collect(Collectors.toSet()));
        List<TopicPartition> existing = new ArrayList<>();
        for (TopicPartition partition : partitions) {
            TopicIds.Topic topic = topics.get(partition.topic());
            if (topic != null && partition.partition() < topic.partitions()) {
                existing.add(partition);
            } else { // until the group takes the partition away, or the topic is there again
                consumer.seek(partition, 0);
                places.remove(partition);
                missing.put(partition, Instant.now().plus(MISSING_PAUSE));
            }
        }
        placeExisting(consumer, existing, topics);
    }

    private void placeExisting(
            Consumer<?, ?> consumer, List<TopicPartition> partitions, Map<String, TopicIds.Topic> topics)
            throws SQLException {
        if (partitions.isEmpty()) {
            return;
        }
        Map<TopicPartition, Long> first = consumer.beginningOffsets(partitions);
        Map<TopicPartition, Long> end = consumer.endOffsets(partitions);
        Map<TopicPartition, Long> seenNext = new HashMap<>();
        seen.forEach((partition, last) -> seenNext.put(partition, last.next()));
        Map<TopicPartition, Placement.Placed> placed = placement.place(topics, first, end, seenNext);
        placed.forEach((partition, found) -> {
            consumer.seek(partition, found.next());
            seen.put(partition, new Seen(found.topicId(), found.next()));
            boolean goneBack = found.isReplaced() || delivered.getOrDefault(partition, 0L) > found.next();
            places.put(partition, new Place(found.next(), goneBack, null));
            missing.remove(partition); // only now, so that an attempt that failed is made again
        });
        Map<TopicPartition, Long> next = new TreeMap<>(Positions.ORDER);
        placed.forEach((partition, found) -> next.put(partition, found.next()));
        Log.infof("Following %s", next);
    }

    /**
     * Sets partitions back whose topic was created again.
     *
     * @param topics the topics that exist
     * @param nextOffsets {@link #nextOffsets} when the broker was asked
     */
    void compare(Map<String, TopicIds.Topic> topics, Map<TopicPartition, Long> nextOffsets) {
        nextOffsets.forEach((partition, next) -> {
            TopicIds.Topic topic = topics.get(partition.topic());
            Seen last = seen.get(partition);
            if (topic == null || last == null) {
                return;
            }
            if (topic.id().equals(last.topicId())) {
                seen.put(partition, new Seen(topic.id(), next));
            } else {
                setBack(partition, Duration.ZERO);
            }
        });
    }

    /**
     * The next offset to apply, if these records, which the channel delivers now, are to be applied. Empty for a
     * partition that this instance no longer has or that is set back. Also empty for records that the channel read before
     * the consumer went back: they begin after all delivered records, and the records to read again begin before them.
     */
    OptionalLong nextIn(TopicPartition partition, List<? extends ConsumerRecord<?, ?>> records) {
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
        return place == null || place.goneBack() ? OptionalLong.empty() : OptionalLong.of(place.next());
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
