package dev.afterimage.devservices.deployment;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.afterimage.stack.Connectors;
import dev.afterimage.stack.StackException;
import dev.afterimage.stack.Wish;
import java.io.IOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.jspecify.annotations.Nullable;

/** What the Dev UI and the console show of the running pipeline. */
final class Inspection {

    /** Of each topic the card shows its last so many events; tombstones and transaction markers count. */
    private static final int LAST = 20;

    private static final ObjectMapper JSON = new ObjectMapper();

    private Inspection() {}

    /** Addresses and the connector's state, by what they are, in the order to be shown. */
    static Map<String, String> status() {
        OutboxDevService service = OutboxDevService.current;
        if (service == null) {
            return Map.of();
        }
        Map<String, String> status = new LinkedHashMap<>();
        Wish.Database database = service.wish().database();
        status.put("PostgreSQL", service.addresses().postgres() + (database == null ? "" : "/" + database.name()));
        status.put("Kafka", service.addresses().kafka());
        status.put("Kafka Connect", service.addresses().connect());
        service.outboxConnector().ifPresent(connector -> {
            status.put("Connector", connector.name() + ": " + state(service, connector.name()));
            status.put(
                    "Slot", connector.config().getOrDefault("slot.name", "debezium") + ": " + service.slot(connector));
        });
        return status;
    }

    private static String state(OutboxDevService service, String connector) {
        try {
            Optional<Connectors.Status> status = connectors(service).status(connector);
            return status.map(found -> found.failure()
                            .orElse(found.running() ? "RUNNING" : found.connector() + ", tasks " + found.states()))
                    .orElse("not there yet");
        } catch (IOException | StackException e) {
            return "Connect does not answer: " + e.getMessage();
        }
    }

    private static Connectors connectors(OutboxDevService service) {
        return new Connectors(URI.create(service.addresses().connect()));
    }

    /** Restarts the outbox connector and its task; a sentence for the user. */
    static String restart() {
        OutboxDevService service = OutboxDevService.current;
        Optional<Wish.Connector> connector = service == null ? Optional.empty() : service.outboxConnector();
        if (service == null || connector.isEmpty()) {
            return "There is no outbox connector.";
        }
        try {
            connectors(service).restart(connector.get().name());
            return connector.get().name() + " restarts.";
        } catch (IOException | StackException e) {
            return "The connector does not restart: " + e.getMessage();
        }
    }

    /** The last events of every topic that carries some, newest first. */
    static List<Map<String, String>> events() {
        OutboxDevService service = OutboxDevService.current;
        if (service == null) {
            return List.of();
        }
        try (KafkaConsumer<String, String> consumer = consumer(service)) {
            Map<TopicPartition, Long> ends = fromTheLast(consumer, partitions(consumer, null));
            List<ConsumerRecord<String, String>> records = new ArrayList<>();
            Instant deadline = Instant.now().plusSeconds(2);
            while (Instant.now().isBefore(deadline)
                    && ends.entrySet().stream().anyMatch(end -> consumer.position(end.getKey()) < end.getValue())) {
                consumer.poll(Duration.ofMillis(100)).forEach(records::add);
            }
            return records.stream()
                    .sorted(Comparator.comparing((ConsumerRecord<String, String> each) -> each.timestamp())
                            .reversed())
                    .map(Inspection::shown)
                    .toList();
        }
    }

    /** Tells the last events of the topic and then each that comes, until the flag is set. */
    static void watch(@Nullable String topic, Consumer<String> out, AtomicBoolean ended) {
        OutboxDevService service = OutboxDevService.current;
        if (service == null) {
            out.accept("The outbox dev services do not run.");
            return;
        }
        try (KafkaConsumer<String, String> consumer = consumer(service)) {
            var unused = fromTheLast(consumer, partitions(consumer, topic));
            while (!ended.get()) {
                for (var each : consumer.poll(Duration.ofMillis(200))) {
                    Map<String, String> shown = shown(each);
                    out.accept("%s %s %s %s"
                            .formatted(shown.get("time"), shown.get("topic"), shown.get("type"), shown.get("key")));
                    out.accept("    " + (each.value() == null ? "(tombstone)" : each.value()));
                }
            }
        }
    }

    private static KafkaConsumer<String, String> consumer(OutboxDevService service) {
        return new KafkaConsumer<>(
                Map.of(
                        "bootstrap.servers", service.addresses().kafka(),
                        "isolation.level", "read_committed",
                        "enable.auto.commit", "false",
                        "auto.offset.reset", "earliest",
                        "default.api.timeout.ms", "5000"),
                new StringDeserializer(),
                new StringDeserializer());
    }

    private static List<TopicPartition> partitions(KafkaConsumer<String, String> consumer, @Nullable String topic) {
        return consumer.listTopics().values().stream()
                .flatMap(List::stream)
                .filter(info -> topic == null
                        ? !info.topic().startsWith("__") && !info.topic().startsWith("connect.")
                        : info.topic().equals(topic))
                .map(info -> new TopicPartition(info.topic(), info.partition()))
                .toList();
    }

    private static Map<TopicPartition, Long> fromTheLast(
            KafkaConsumer<String, String> consumer, List<TopicPartition> partitions) {
        Map<TopicPartition, Long> ends = consumer.endOffsets(partitions);
        consumer.assign(partitions);
        ends.forEach((partition, end) -> consumer.seek(partition, Math.max(0, end - LAST)));
        return ends;
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

    /** Of a payload that is no JSON, its text. */
    private static JsonNode parsed(@Nullable String value) {
        try {
            return value == null ? JSON.nullNode() : JSON.readTree(value);
        } catch (JsonProcessingException e) {
            return JSON.getNodeFactory().textNode(value);
        }
    }
}
