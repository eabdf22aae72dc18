package dev.afterimage.cli.service;

import dev.afterimage.stack.StackException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.PriorityQueue;
import java.util.TreeSet;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndTimestamp;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;

/**
 * Reads the committed records of topics from a position on. It has no consumer group, so it does not affect other
 * consumers.
 */
public final class RecordReader implements AutoCloseable {

    private static final Duration POLL = Duration.ofMillis(500);
    /** A short poll: a poll that finds only a transaction marker waits for its whole timeout. */
    private static final Duration GLANCE = Duration.ofMillis(20);

    private final KafkaConsumer<byte[], byte[]> consumer;
    private final List<TopicPartition> partitions = new ArrayList<>();
    private final Map<TopicPartition, Long> ends;

    /**
     * Starts at the current end of the topics.
     *
     * @throws StackException when there is no such topic, or no broker answers within 5 s
     */
    public RecordReader(String bootstrapServers, List<String> topics) {
        consumer = new KafkaConsumer<>(
                Map.of(
                        "bootstrap.servers",
                        bootstrapServers,
                        "isolation.level",
                        "read_committed",
                        "max.poll.records",
                        2_000,
                        "default.api.timeout.ms",
                        5_000),
                new ByteArrayDeserializer(),
                new ByteArrayDeserializer());
        try {
            Map<String, ?> existing = consumer.listTopics();
            for (String topic : topics) {
                if (!existing.containsKey(topic)) {
                    throw new StackException("There is no topic " + topic + "; there are "
                            + String.join(", ", new TreeSet<>(existing.keySet())) + ".");
                }
                consumer.partitionsFor(topic)
                        .forEach(partition -> partitions.add(new TopicPartition(topic, partition.partition())));
            }
            consumer.assign(partitions);
            ends = consumer.endOffsets(partitions);
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

    /** Moves to the oldest records. */
    public void fromBeginning() {
        consumer.seekToBeginning(partitions);
    }

    /** Moves to the first records that are not older than this time. */
    public void from(Instant time) {
        Map<TopicPartition, Long> wanted = new HashMap<>();
        partitions.forEach(partition -> wanted.put(partition, time.toEpochMilli()));
        Map<TopicPartition, OffsetAndTimestamp> found = consumer.offsetsForTimes(wanted);
        for (TopicPartition partition : partitions) {
            OffsetAndTimestamp first = found.get(partition);
            consumer.seek(partition, first == null ? ends.getOrDefault(partition, 0L) : first.offset());
        }
    }

    /**
     * Returns the newest records, oldest first; the next poll continues after them. Offsets do not count records,
     * because transaction markers take offsets too: so this looks further back until it has enough records.
     */
    public List<ConsumerRecord<byte[], byte[]>> last(int count) {
        Map<TopicPartition, Long> begins = consumer.beginningOffsets(partitions);
        List<ConsumerRecord<byte[], byte[]>> newest = new ArrayList<>();
        for (TopicPartition partition : partitions) {
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
        }
        consumer.assign(partitions);
        ends.forEach(consumer::seek);
        newest.sort(Comparator.<ConsumerRecord<byte[], byte[]>>comparingLong(ConsumerRecord::timestamp)
                .thenComparingInt(ConsumerRecord::partition)
                .thenComparingLong(ConsumerRecord::offset));
        return newest.subList(Math.max(0, newest.size() - count), newest.size());
    }

    /** The next records; empty if none arrive within half a second. */
    public ConsumerRecords<byte[], byte[]> poll() {
        return consumer.poll(POLL);
    }

    /** Whether the record was written after this reader was created. */
    public boolean isNew(ConsumerRecord<byte[], byte[]> record) {
        return record.offset() >= ends.getOrDefault(new TopicPartition(record.topic(), record.partition()), 0L);
    }

    /** Whether all records that existed when this reader was created have been read. */
    public boolean caughtUp() {
        return partitions.stream().allMatch(each -> consumer.position(each) >= ends.getOrDefault(each, 0L));
    }

    @Override
    public void close() {
        consumer.close();
    }
}
