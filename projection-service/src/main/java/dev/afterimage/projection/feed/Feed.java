package dev.afterimage.projection.feed;

import dev.afterimage.projection.change.TopicReader;
import dev.afterimage.projection.sql.Sql;
import io.quarkus.logging.Log;
import io.smallrye.mutiny.Multi;
import io.smallrye.mutiny.Uni;
import io.smallrye.reactive.messaging.annotations.Blocking;
import jakarta.enterprise.context.ApplicationScoped;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.RetriableException;
import org.eclipse.microprofile.reactive.messaging.Incoming;

/**
 * Applies the records of each partition, several partitions at the same time. A key is in one partition only, so these
 * transactions do not conflict.
 *
 * <p>While the database or the broker is away, the batch is tried again here; meanwhile the channel keeps polling and
 * reads no more records. If another error concerns one partition, only that partition goes back and waits.
 */
@ApplicationScoped
class Feed {

    /** Of decoded values; their JSON takes several times that while it is applied. */
    private static final int MAX_BATCH_BYTES = 4 * 1024 * 1024;

    private final FeedConfig config;
    private final Assignment assignment;
    private final TopicReader reader;
    private final BatchApplier applier;
    private final OutcomePublisher publisher;
    private final FeedStatus status;
    private final ExecutorService executor;
    private final Outage outage;
    /** The partitions of this instance whose last batch failed. */
    private final Set<TopicPartition> failed = new HashSet<>();

    private volatile boolean busy;

    Feed(
            FeedConfig config,
            Assignment assignment,
            TopicReader reader,
            BatchApplier applier,
            OutcomePublisher publisher,
            FeedStatus status,
            ExecutorService executor) {
        this.config = config;
        this.assignment = assignment;
        this.reader = reader;
        this.applier = applier;
        this.publisher = publisher;
        this.status = status;
        this.executor = executor;
        this.outage = new Outage(config.maxBackoff());
    }

    /** Whether records are being applied, or wait in a partition that was set back. */
    boolean isBusy() {
        return busy || assignment.isBehind();
    }

    /** Returns when the records are applied, or dropped because they are read again. */
    @Incoming(FeedChannel.NAME)
    @Blocking
    void receive(ConsumerRecords<byte[], byte[]> records) {
        busy = true;
        try {
            failed.removeIf(partition -> !assignment.has(partition));
            status.received(oldest(records), !failed.isEmpty());
            Instant receivedAt = Instant.now();
            Map<TopicPartition, Part> left = new HashMap<>();
            for (TopicPartition partition : records.partitions()) {
                List<ConsumerRecord<byte[], byte[]>> its = records.records(partition);
                assignment.nextIn(partition, its).ifPresent(next -> left.put(partition, new Part(next, its)));
            }
            while (!left.isEmpty() && !assignment.isStopping()) {
                Map<TopicPartition, Throwable> failures = apply(left, receivedAt);
                failed.removeAll(left.keySet());
                failed.addAll(failures.keySet());
                if (failed.isEmpty()) {
                    outage.isOver();
                }
                status.is(failed.isEmpty() ? FeedState.FOLLOWING : FeedState.WAITING);
                left.keySet().retainAll(failures.keySet());
                Throwable away = null;
                for (Map.Entry<TopicPartition, Throwable> each : failures.entrySet()) {
                    if (isAway(each.getValue())) {
                        away = each.getValue();
                    } else {
                        setBack(each.getKey(), each.getValue());
                        left.remove(each.getKey());
                    }
                }
                if (away != null) {
                    assignment.pause(
                            outage.goesOn("The database or the broker does not answer, for " + left.keySet(), away));
                }
            }
        } finally {
            busy = false;
        }
    }

    /**
     * The records of one partition.
     *
     * @param next the next offset to apply when the records came; a lower position in the database means that the
     *     partition was placed again meanwhile
     */
    private record Part(long next, List<ConsumerRecord<byte[], byte[]>> records) {}

    /** Applies the partitions side by side, and returns what failed. */
    private Map<TopicPartition, Throwable> apply(Map<TopicPartition, Part> parts, Instant receivedAt) {
        Map<TopicPartition, Throwable> failures = new ConcurrentHashMap<>();
        if (parts.size() == 1) { // without a change of the thread
            parts.forEach((partition, part) -> tryToApply(partition, part, receivedAt, failures));
            return failures;
        }
        Multi.createFrom()
                .iterable(List.copyOf(parts.entrySet()))
                .onItem()
                .transformToUni(each -> Uni.createFrom()
                        .voidItem()
                        .invoke(() -> tryToApply(each.getKey(), each.getValue(), receivedAt, failures))
                        .runSubscriptionOn(executor))
                .merge(config.workers())
                .collect()
                .last()
                .await()
                .indefinitely();
        return failures;
    }

    private void tryToApply(
            TopicPartition partition, Part part, Instant receivedAt, Map<TopicPartition, Throwable> failures) {
        try {
            apply(partition, part, receivedAt);
        } catch (Throwable e) {
            failures.put(partition, e);
        }
    }

    private void apply(TopicPartition partition, Part part, Instant receivedAt) throws SQLException, PositionLost {
        List<ConsumerRecord<byte[], byte[]>> records = part.records();
        long next = part.next();
        int from = 0;
        while (from < records.size() && assignment.has(partition)) {
            int end = endOfBatch(records, from);
            List<ReceivedRecord> batch = records.subList(from, end).stream()
                    .map(record -> ReceivedRecord.of(CompactValues.original(record), reader))
                    .toList();
            from = end;
            applier.apply(batch, Map.of(partition, next), outcomes -> {
                status.applied();
                publisher.publish(outcomes, receivedAt);
            });
            next = batch.getLast().record().offset() + 1;
            assignment.applied(partition, next);
        }
    }

    private int endOfBatch(List<ConsumerRecord<byte[], byte[]>> records, int from) {
        int end = from;
        for (long bytes = 0; end < records.size() && end - from < config.maxBatch() && bytes < MAX_BATCH_BYTES; end++) {
            bytes += records.get(end).serializedValueSize();
        }
        return end;
    }

    private static boolean isAway(Throwable failure) {
        return failure instanceof RetriableException || (failure instanceof SQLException e && Sql.isAway(e));
    }

    private void setBack(TopicPartition partition, Throwable failure) {
        if (failure instanceof PositionLost) {
            Log.warnf("Going back to the position in the database: %s", failure.getMessage());
            assignment.setBack(partition, Duration.ZERO);
        } else {
            assignment.setBack(partition, outage.goesOn(partition + " is not applied", failure));
        }
    }

    private static Instant oldest(ConsumerRecords<byte[], byte[]> records) {
        long oldest = Long.MAX_VALUE;
        for (ConsumerRecord<byte[], byte[]> record : records) {
            oldest = Math.min(oldest, record.timestamp());
        }
        return Instant.ofEpochMilli(oldest);
    }
}
