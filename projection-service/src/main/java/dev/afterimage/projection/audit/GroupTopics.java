package dev.afterimage.projection.audit;

import io.smallrye.common.annotation.Identifier;
import jakarta.enterprise.context.ApplicationScoped;
import java.io.IOException;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.PartitionInfo;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;

/** Reads the progress of consumer groups from Kafka, without joining a group. */
@ApplicationScoped
class GroupTopics {

    private static final int ANSWER_LIMIT_MS = 10_000;

    private final Map<String, Object> kafka;

    GroupTopics(@Identifier("default-kafka-broker") Map<String, Object> kafka) {
        this.kafka = kafka;
    }

    /**
     * The current ends of the topics.
     *
     * @throws IOException when the broker does not answer, or a topic does not exist
     */
    Map<TopicPartition, Long> ends(List<String> topics, String group) throws IOException {
        try (var consumer = consumer(group)) {
            Map<TopicPartition, Long> ends = new HashMap<>();
            for (String topic : topics) {
                List<PartitionInfo> partitions = consumer.partitionsFor(topic);
                if (partitions.isEmpty()) {
                    throw new IOException("there is no topic " + topic);
                }
                ends.putAll(consumer.endOffsets(partitions.stream()
                        .map(each -> new TopicPartition(each.topic(), each.partition()))
                        .toList()));
            }
            return ends;
        } catch (KafkaException e) {
            throw new IOException("the broker does not answer: " + e.getMessage(), e);
        }
    }

    /**
     * Whether the group has read all records before these ends.
     *
     * @throws IOException when the broker does not answer
     */
    boolean passed(Map<TopicPartition, Long> ends, String group) throws IOException {
        try (var consumer = consumer(group)) {
            Map<TopicPartition, OffsetAndMetadata> read = consumer.committed(ends.keySet());
            for (var end : ends.entrySet()) {
                OffsetAndMetadata next = read.get(end.getKey());
                if (next == null
                        ? end.getValue() > first(consumer, end.getKey())
                        : finds(consumer, end.getKey(), next.offset(), end.getValue())) {
                    return false;
                }
            }
            return true;
        } catch (KafkaException e) {
            throw new IOException("the broker does not answer: " + e.getMessage(), e);
        }
    }

    private static long first(KafkaConsumer<byte[], byte[]> consumer, TopicPartition partition) {
        return Objects.requireNonNull(
                consumer.beginningOffsets(List.of(partition)).get(partition));
    }

    /** Whether there is a record between two offsets. Transaction markers also take offsets, but are not records. */
    private static boolean finds(
            KafkaConsumer<byte[], byte[]> consumer, TopicPartition partition, long from, long end) {
        if (from >= end) {
            return false;
        }
        consumer.assign(List.of(partition));
        consumer.seek(partition, from);
        long deadline = System.nanoTime() + Duration.ofMillis(ANSWER_LIMIT_MS).toNanos();
        while (consumer.position(partition) < end) {
            var records = consumer.poll(Duration.ofMillis(100));
            if (!records.isEmpty()) {
                return records.iterator().next().offset() < end;
            }
            if (System.nanoTime() > deadline) {
                throw new KafkaException("it delivers nothing of " + partition);
            }
        }
        return false;
    }

    private KafkaConsumer<byte[], byte[]> consumer(String group) {
        Map<String, Object> settings = new HashMap<>(kafka);
        settings.put(ConsumerConfig.GROUP_ID_CONFIG, group);
        settings.put(ConsumerConfig.ENABLE_AUTO_COMMIT_CONFIG, false);
        settings.put(ConsumerConfig.ISOLATION_LEVEL_CONFIG, "read_committed");
        settings.put(ConsumerConfig.AUTO_OFFSET_RESET_CONFIG, "earliest");
        settings.put(ConsumerConfig.ALLOW_AUTO_CREATE_TOPICS_CONFIG, false);
        settings.put(ConsumerConfig.MAX_POLL_RECORDS_CONFIG, 1);
        settings.put(ConsumerConfig.DEFAULT_API_TIMEOUT_MS_CONFIG, ANSWER_LIMIT_MS);
        return new KafkaConsumer<>(settings, new ByteArrayDeserializer(), new ByteArrayDeserializer());
    }
}
