package dev.afterimage.cli;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.jspecify.annotations.Nullable;

/** All committed records of a topic, as a consumer with read_committed sees them. */
final class Topic {

    private static final ObjectMapper JSON = new ObjectMapper();

    private Topic() {}

    /** A record of the topic; a null value is a tombstone. */
    record Message(
            int partition,
            long offset,
            String key,
            Map<String, String> headers,
            @Nullable String value) {

        JsonNode json() {
            try {
                return JSON.readTree(Objects.requireNonNull(value));
            } catch (JsonProcessingException e) {
                throw new AssertionError(value, e);
            }
        }
    }

    static List<Message> read(String bootstrapServers, String topic) {
        try (KafkaConsumer<String, String> consumer = new KafkaConsumer<>(
                Map.of("bootstrap.servers", bootstrapServers, "isolation.level", "read_committed"),
                new StringDeserializer(),
                new StringDeserializer())) {
            List<TopicPartition> partitions = consumer.partitionsFor(topic).stream()
                    .map(each -> new TopicPartition(topic, each.partition()))
                    .toList();
            consumer.assign(partitions);
            consumer.seekToBeginning(partitions);
            Map<TopicPartition, Long> ends = consumer.endOffsets(partitions);
            List<Message> messages = new ArrayList<>();
            while (partitions.stream().anyMatch(each -> consumer.position(each) < ends.getOrDefault(each, 0L))) {
                consumer.poll(Duration.ofMillis(200)).forEach(each -> messages.add(message(each)));
            }
            return messages;
        }
    }

    private static Message message(ConsumerRecord<String, String> each) {
        Map<String, String> headers = new HashMap<>();
        each.headers().forEach(header -> {
            if (header.value() != null) { // the event router also sets the header for a null column
                headers.put(header.key(), new String(header.value(), StandardCharsets.UTF_8));
            }
        });
        return new Message(each.partition(), each.offset(), each.key(), headers, each.value());
    }
}
