package dev.afterimage.stack;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.jspecify.annotations.Nullable;

/** Reads the last events of every topic, for the Dev UI; see {@link StackRequest.View}. */
final class LastEvents {

    /** Offsets to read at the end of each partition; transaction markers count. */
    private static final int LAST = 20;

    private static final Duration LIMIT = Duration.ofSeconds(2);
    private static final ObjectMapper JSON = new ObjectMapper();

    private LastEvents() {}

    static List<Map<String, String>> of(String bootstrapServers) {
        Map<String, Object> settings = Map.of(
                "bootstrap.servers", bootstrapServers,
                "isolation.level", "read_committed",
                "enable.auto.commit", "false",
                "auto.offset.reset", "earliest",
                "default.api.timeout.ms", "5000");
        try (KafkaConsumer<String, String> consumer =
                new KafkaConsumer<>(settings, new StringDeserializer(), new StringDeserializer())) {
            List<TopicPartition> partitions = consumer.listTopics().values().stream()
                    .flatMap(List::stream)
                    .filter(info ->
                            !info.topic().startsWith("__") && !info.topic().startsWith("connect."))
                    .map(info -> new TopicPartition(info.topic(), info.partition()))
                    .toList();
            Map<TopicPartition, Long> ends = consumer.endOffsets(partitions);
            consumer.assign(partitions);
            ends.forEach((partition, end) -> consumer.seek(partition, Math.max(0, end - LAST)));
            List<ConsumerRecord<String, String>> records = new ArrayList<>();
            Instant deadline = Instant.now().plus(LIMIT);
            while (Instant.now().isBefore(deadline)
                    && ends.entrySet().stream().anyMatch(end -> consumer.position(end.getKey()) < end.getValue())) {
                consumer.poll(Duration.ofMillis(100)).forEach(records::add);
            }
            return records.stream()
                    .sorted(Comparator.comparingLong((ConsumerRecord<String, String> each) -> each.timestamp())
                            .reversed())
                    .map(LastEvents::shown)
                    .toList();
        }
    }

    private static Map<String, String> shown(ConsumerRecord<String, String> each) {
        Map<String, String> shown = new LinkedHashMap<>();
        shown.put("topic", each.topic());
        shown.put("position", each.partition() + "@" + each.offset());
        shown.put("time", Instant.ofEpochMilli(each.timestamp()).toString());
        shown.put("key", each.key() == null ? "" : each.key());
        List<String> headers = new ArrayList<>();
        shown.put("type", "");
        each.headers().forEach(header -> {
            String value = header.value() == null ? "" : new String(header.value(), StandardCharsets.UTF_8);
            headers.add(header.key() + "=" + value);
            if (header.key().equals("eventType")) {
                shown.put("type", value);
            }
        });
        shown.put("headers", String.join("  ", headers));
        JsonNode value = parsed(each.value());
        boolean envelope = value.has("op") && (value.has("before") || value.has("after"));
        shown.put("before", envelope ? value.path("before").toPrettyString() : "");
        shown.put("after", envelope ? value.path("after").toPrettyString() : value.toPrettyString());
        return shown;
    }

    /** The payload as JSON; a payload that is not JSON becomes a JSON string. */
    private static JsonNode parsed(@Nullable String value) {
        try {
            return value == null ? JSON.nullNode() : JSON.readTree(value);
        } catch (JsonProcessingException e) {
            return JSON.getNodeFactory().textNode(value);
        }
    }
}
