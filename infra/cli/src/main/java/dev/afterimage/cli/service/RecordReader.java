package dev.afterimage.cli.service;

import dev.afterimage.stack.StackException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.PriorityQueue;
import java.util.Queue;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.locks.LockSupport;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndTimestamp;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;

/**
 * Reads the committed records of topics from a position on, merged by their timestamps up to the end that the topics had
 * at the start. It has no consumer group, so it does not affect other consumers.
 */
public final class RecordReader implements AutoCloseable {

    private static final Duration POLL = Duration.ofMillis(500);
    /** A short poll: a poll that finds only a transaction marker waits for its whole timeout. */
    private static final Duration GLANCE = Duration.ofMillis(20);

    /** Records of a poll; few, because they may be large. */
    private static final int POLLED = 20;
    /** Records of a partition that wait for older records of other partitions. */
    private static final int BUFFERED = 500;

    private static final int BUFFERED_BYTES = 1 << 20;

    private static final Comparator<ConsumerRecord<byte[], byte[]>> BY_TIME = Comparator.comparingLong(
                    (ConsumerRecord<byte[], byte[]> record) -> record.timestamp())
            .thenComparingInt(ConsumerRecord::partition)
            .thenComparingLong(ConsumerRecord::offset);

    private final KafkaConsumer<byte[], byte[]> consumer;
    private final Map<TopicPartition, Queue<ConsumerRecord<byte[], byte[]>>> buffers = new LinkedHashMap<>();
    private final Map<TopicPartition, Long> ends = new HashMap<>();
    private final Set<String> missing;

    /**
     * Starts at the current end of the topics.
     *
     * @throws StackException when there is no such topic, or no broker answers within 5 s
     */
    public RecordReader(String bootstrapServers, List<String> topics) {
        this(bootstrapServers, topics, false);
    }

    /** @param await whether a topic may be missing: when it exists, it is read from its beginning */
    public RecordReader(String bootstrapServers, List<String> topics, boolean await) {
        missing = new LinkedHashSet<>(topics);
        consumer = new KafkaConsumer<>(
                Map.of(
                        "bootstrap.servers",
                        bootstrapServers,
                        "isolation.level",
                        "read_committed",
                        "max.poll.records",
                        POLLED,
                        "max.partition.fetch.bytes",
                        256 << 10,
                        "default.api.timeout.ms",
                        5_000),
                new ByteArrayDeserializer(),
                new ByteArrayDeserializer());
        try {
            Set<String> existing = consumer.listTopics().keySet();
            assign(existing);
            if (!await && !missing.isEmpty()) {
                throw new StackException(
                        "There is no topic " + missing.iterator().next() + "; there are "
                                + String.join(", ", new TreeSet<>(existing)) + ".");
            }
            ends.putAll(consumer.endOffsets(buffers.keySet()));
            ends.forEach(consumer::seek);
        } catch (KafkaException e) {
            consumer.close();
            throw new StackException(
                    "No answer from Kafka at " + bootstrapServers
                            + ": does the pipeline run? Start it with infra/afterimage up",
                    e);
        } catch (StackException e) {
            consumer.close();
            throw e;
        }
    }

    /** Adds the partitions of the missing topics that exist now, and returns them. */
    private List<TopicPartition> assign(Set<String> existing) {
        List<TopicPartition> found = missing.stream()
                .filter(existing::contains)
                .flatMap(topic -> consumer.partitionsFor(topic).stream())
                .map(each -> new TopicPartition(each.topic(), each.partition()))
                .toList();
        found.forEach(partition -> buffers.put(partition, new ArrayDeque<>()));
        missing.removeAll(existing);
        consumer.assign(buffers.keySet());
        return found;
    }

    /** The topics that do not exist yet. */
    public Set<String> missing() {
        return Set.copyOf(missing);
    }

    /** Moves to the oldest records. */
    public void fromBeginning() {
        consumer.seekToBeginning(buffers.keySet());
    }

    /** Moves to the first records that are not older than this time. */
    public void from(Instant time) {
        Map<TopicPartition, Long> wanted = new HashMap<>();
        buffers.keySet().forEach(partition -> wanted.put(partition, time.toEpochMilli()));
        Map<TopicPartition, OffsetAndTimestamp> found = consumer.offsetsForTimes(wanted);
        for (TopicPartition partition : buffers.keySet()) {
            OffsetAndTimestamp first = found.get(partition);
            consumer.seek(partition, first == null ? ends.getOrDefault(partition, 0L) : first.offset());
        }
    }

    /**
     * Returns the newest records, oldest first; the next poll continues after them. Offsets do not count records,
     * because transaction markers take offsets too: so this looks further back until it has enough records.
     */
    public List<ConsumerRecord<byte[], byte[]>> last(int count) {
        Map<TopicPartition, Long> begins = consumer.beginningOffsets(buffers.keySet());
        List<ConsumerRecord<byte[], byte[]>> newest = new ArrayList<>();
        for (TopicPartition partition : buffers.keySet()) {
            long begin = begins.getOrDefault(partition, 0L);
            long end = ends.getOrDefault(partition, 0L);
            PriorityQueue<ConsumerRecord<byte[], byte[]>> kept =
                    new PriorityQueue<>(Comparator.comparingLong(ConsumerRecord::offset));
            consumer.assign(List.of(partition));
            for (long reach = 2L * count; kept.size() < count; reach *= 4) {
                kept.clear();
                consumer.seek(partition, Math.max(begin, end - reach));
                while (consumer.position(partition) < end) {
                    for (ConsumerRecord<byte[], byte[]> record : consumer.poll(GLANCE)) {
                        if (record.offset() < end) {
                            kept.add(record);
                        }
                        if (kept.size() > count) {
                            kept.remove();
                        }
                    }
                }
                if (end - reach <= begin) {
                    break;
                }
            }
            newest.addAll(kept);
            newest.sort(BY_TIME);
            newest.subList(0, Math.max(0, newest.size() - count)).clear();
        }
        consumer.assign(buffers.keySet());
        ends.forEach(consumer::seek);
        return newest;
    }

    /**
     * The next records. None does not mean that there are none: they may wait for older records of other partitions.
     */
    public List<ConsumerRecord<byte[], byte[]>> poll() {
        if (!missing.isEmpty()) {
            List<TopicPartition> found = assign(consumer.listTopics().keySet());
            if (!found.isEmpty()) { // for Kafka, none means all
                consumer.seekToBeginning(found);
            }
        }
        if (buffers.isEmpty()) {
            LockSupport.parkNanos(POLL.toNanos());
            return List.of();
        }
        consumer.resume(buffers.keySet());
        consumer.pause(
                buffers.keySet().stream().filter(each -> isFull(buffer(each))).toList());
        for (ConsumerRecord<byte[], byte[]> record : consumer.poll(POLL)) {
            buffer(new TopicPartition(record.topic(), record.partition())).add(record);
        }
        return merged();
    }

    private static boolean isFull(Queue<ConsumerRecord<byte[], byte[]>> buffer) {
        return buffer.size() >= BUFFERED
                || buffer.stream()
                                .mapToLong(ConsumerRecord::serializedValueSize)
                                .sum()
                        >= BUFFERED_BYTES;
    }

    private Queue<ConsumerRecord<byte[], byte[]>> buffer(TopicPartition partition) {
        return Objects.requireNonNull(buffers.get(partition));
    }

    /** Empties the buffers by time, until one is empty whose partition has more records. */
    private List<ConsumerRecord<byte[], byte[]>> merged() {
        List<ConsumerRecord<byte[], byte[]>> merged = new ArrayList<>();
        PriorityQueue<ConsumerRecord<byte[], byte[]>> heads = new PriorityQueue<>(BY_TIME);
        boolean complete = true;
        for (TopicPartition partition : buffers.keySet()) {
            complete &= next(partition, heads);
        }
        while (complete && !heads.isEmpty()) {
            ConsumerRecord<byte[], byte[]> oldest = heads.remove();
            TopicPartition partition = new TopicPartition(oldest.topic(), oldest.partition());
            merged.add(buffer(partition).remove());
            complete = next(partition, heads);
        }
        return merged;
    }

    /** Adds the partition's next record to the heads; false when it is not there yet. */
    private boolean next(TopicPartition partition, PriorityQueue<ConsumerRecord<byte[], byte[]>> heads) {
        ConsumerRecord<byte[], byte[]> head = buffer(partition).peek();
        return head == null ? reached(partition) : heads.add(head);
    }

    /** Whether the record was written after this reader was created. */
    public boolean isNew(ConsumerRecord<byte[], byte[]> record) {
        return record.offset() >= ends.getOrDefault(new TopicPartition(record.topic(), record.partition()), 0L);
    }

    /** Whether all records that existed when this reader was created have been read. */
    public boolean caughtUp() {
        return buffers.keySet().stream().allMatch(this::reached);
    }

    private boolean reached(TopicPartition partition) {
        return consumer.position(partition) >= ends.getOrDefault(partition, 0L);
    }

    @Override
    public void close() {
        consumer.close();
    }
}
