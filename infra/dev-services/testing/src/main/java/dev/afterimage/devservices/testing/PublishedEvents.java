package dev.afterimage.devservices.testing;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.logging.Level;
import java.util.logging.Logger;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.PartitionInfo;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.serialization.StringDeserializer;

/**
 * The events that the application's outbox has published on Kafka since the test method began, as a consumer reads
 * them. Events of one aggregate are in the order of their commits. Methods wait up to 10 s by default. A failed
 * expectation is an {@link AssertionError} that lists the received events. Not thread-safe.
 */
public final class PublishedEvents implements AutoCloseable {

    private static final Duration PATIENCE = Duration.ofSeconds(10);
    /** Time to wait for a surplus event; enough for an event that was committed right after the last one. */
    private static final Duration SURPLUS = Duration.ofMillis(300);

    private static final Duration CONNECTOR_LIMIT = Duration.ofSeconds(60);

    /** A strong reference, because the level of a logger is lost when the logger is garbage collected. */
    private static final Logger KAFKA_LOG = Logger.getLogger("org.apache.kafka");

    static {
        // at level INFO, Kafka logs two hundred lines of settings for each test
        KAFKA_LOG.setLevel(Level.WARNING);
    }

    private static final ObjectMapper JSON = new ObjectMapper();

    private final KafkaConsumer<String, String> consumer;
    private final Set<TopicPartition> assigned = new HashSet<>();
    private final List<PublishedEvent> events = new ArrayList<>();
    private final Set<PublishedEvent> taken = new HashSet<>();

    private PublishedEvents(String bootstrapServers) {
        consumer = new KafkaConsumer<>(
                Map.of(
                        "bootstrap.servers", bootstrapServers,
                        "isolation.level", "read_committed",
                        "enable.auto.commit", "false",
                        "auto.offset.reset", "earliest"),
                new StringDeserializer(),
                new StringDeserializer());
        assignNew();
        consumer.seekToEnd(assigned);
        assigned.forEach(consumer::position);
    }

    static PublishedEvents fromNowOn() {
        String kafka = System.getProperty("outbox.devservices.kafka");
        if (kafka == null) {
            throw new AssertionError("The outbox dev services do not run: add the extension afterimage-dev-services,"
                    + " and do not set quarkus.devservices.enabled or quarkus.outbox.devservices.enabled to false.");
        }
        String status = System.getProperty("outbox.devservices.connector");
        if (status != null) {
            awaitRunning(URI.create(status));
        }
        return new PublishedEvents(kafka);
    }

    /** Waits until the connector runs, because the first test may begin before that. */
    private static void awaitRunning(URI status) {
        Instant deadline = Instant.now().plus(CONNECTOR_LIMIT);
        HttpRequest request = HttpRequest.newBuilder(status).build();
        Object answer = "";
        try (HttpClient http = HttpClient.newHttpClient()) {
            while (Instant.now().isBefore(deadline)) {
                try {
                    JsonNode connector = JSON.readTree(
                            http.send(request, BodyHandlers.ofString()).body());
                    if (connector.at("/tasks/0/state").asText().equals("RUNNING")) {
                        return;
                    }
                    answer = connector;
                } catch (IOException e) {
                    answer = e;
                }
                LockSupport.parkNanos(Duration.ofMillis(50).toNanos());
            }
            throw new AssertionError("The outbox connector does not run: " + answer);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new AssertionError("Interrupted while the outbox connector started", e);
        }
    }

    /** Returns the next event of the aggregate, in order. Each event is returned only once. */
    public PublishedEvent next(Object aggregateId) {
        return next(aggregateId, PATIENCE);
    }

    /** As {@link #next(Object)}, with another time to wait. */
    public PublishedEvent next(Object aggregateId, Duration within) {
        await(within, () -> fresh(aggregateId).findFirst().isPresent());
        PublishedEvent next = fresh(aggregateId)
                .findFirst()
                .orElseThrow(() -> failure("No event of " + aggregateId + " within " + within));
        taken.add(next);
        return next;
    }

    /** Expects that the aggregate's events since the beginning of the test have exactly these types, in this order. */
    public void inOrder(Object aggregateId, String... types) {
        await(PATIENCE, () -> of(aggregateId).count() >= types.length);
        await(SURPLUS, () -> of(aggregateId).count() > types.length);
        List<String> came = of(aggregateId).map(PublishedEvent::type).toList();
        if (!came.equals(List.of(types))) {
            throw failure("Expected the events " + List.of(types) + " of " + aggregateId + " but it has " + came);
        }
    }

    /**
     * Expects that within this time no event of the aggregate arrives, except those that {@link #next} has returned.
     */
    public void none(Object aggregateId, Duration within) {
        await(within, () -> fresh(aggregateId).findFirst().isPresent());
        if (fresh(aggregateId).findFirst().isPresent()) {
            throw failure("Expected no event of " + aggregateId);
        }
    }

    /** All events of the aggregate up to now, including tombstones. */
    public List<PublishedEvent> by(Object aggregateId) {
        poll(Duration.ofMillis(100));
        return of(aggregateId).toList();
    }

    /** All events of all aggregates up to now. */
    public List<PublishedEvent> all() {
        poll(Duration.ofMillis(100));
        return List.copyOf(events);
    }

    @Override
    public void close() {
        consumer.close();
    }

    private Stream<PublishedEvent> of(Object aggregateId) {
        return events.stream().filter(event -> event.aggregateId().equals(aggregateId.toString()));
    }

    private Stream<PublishedEvent> fresh(Object aggregateId) {
        return of(aggregateId).filter(event -> !taken.contains(event));
    }

    private void await(Duration limit, BooleanSupplier condition) {
        Instant deadline = Instant.now().plus(limit);
        while (!condition.getAsBoolean() && Instant.now().isBefore(deadline)) {
            poll(Duration.ofMillis(100));
        }
    }

    private void poll(Duration timeout) {
        assignNew();
        for (ConsumerRecord<String, String> each : consumer.poll(timeout)) {
            Map<String, String> headers = new HashMap<>();
            for (Header header : each.headers()) {
                if (header.value() != null) {
                    headers.put(header.key(), new String(header.value(), StandardCharsets.UTF_8));
                }
            }
            events.add(new PublishedEvent(
                    each.topic(),
                    each.partition(),
                    each.offset(),
                    Objects.requireNonNullElse(each.key(), ""),
                    headers.getOrDefault("eventType", ""),
                    headers,
                    each.value()));
        }
    }

    /** Assigns new topics, because a topic is created by its first event. */
    private void assignNew() {
        Set<TopicPartition> partitions = consumer.listTopics().values().stream()
                .flatMap(List::stream)
                .filter(PublishedEvents::carriesEvents)
                .map(info -> new TopicPartition(info.topic(), info.partition()))
                .collect(Collectors.toSet());
        if (assigned.addAll(partitions)) {
            consumer.assign(assigned);
        }
    }

    private static boolean carriesEvents(PartitionInfo partition) {
        return !partition.topic().startsWith("__") && !partition.topic().startsWith("connect.");
    }

    private AssertionError failure(String sentence) {
        String came = events.isEmpty()
                ? "nothing"
                : events.stream().map(event -> "\n  " + event).collect(Collectors.joining());
        return new AssertionError(sentence + "; published since the test began: " + came);
    }
}
