package dev.afterimage.devservices.testing;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Predicate;
import java.util.logging.Level;
import java.util.logging.Logger;
import java.util.stream.Collectors;
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
        try (HttpClient http = HttpClient.newHttpClient()) {
            String answer = "";
            while (Instant.now().isBefore(deadline)) {
                try {
                    answer = http.send(HttpRequest.newBuilder(status).build(), HttpResponse.BodyHandlers.ofString())
                            .body();
                } catch (IOException e) {
                    answer = e.toString();
                }
                if (answer.contains("\"tasks\":[{\"id\":0,\"state\":\"RUNNING\"")) {
                    return;
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
        Predicate<PublishedEvent> fresh = of(aggregateId).and(event -> !taken.contains(event));
        await(within, () -> events.stream().anyMatch(fresh));
        PublishedEvent next = events.stream()
                .filter(fresh)
                .findFirst()
                .orElseThrow(() -> failure("No event of " + aggregateId + " within " + within));
        taken.add(next);
        return next;
    }

    /** Expects that the aggregate's events since the beginning of the test have exactly these types, in this order. */
    public void inOrder(Object aggregateId, String... types) {
        await(PATIENCE, () -> events.stream().filter(of(aggregateId)).count() >= types.length);
        await(SURPLUS, () -> events.stream().filter(of(aggregateId)).count() > types.length);
        List<String> came = events.stream()
                .filter(of(aggregateId))
                .map(PublishedEvent::type)
                .toList();
        if (!came.equals(List.of(types))) {
            throw failure("Expected the events " + List.of(types) + " of " + aggregateId + " but it has " + came);
        }
    }

    /**
     * Expects that within this time no event of the aggregate arrives, except those that {@link #next} has returned.
     */
    public void none(Object aggregateId, Duration within) {
        Predicate<PublishedEvent> surplus = of(aggregateId).and(event -> !taken.contains(event));
        await(within, () -> events.stream().anyMatch(surplus));
        if (events.stream().anyMatch(surplus)) {
            throw failure("Expected no event of " + aggregateId);
        }
    }

    /** All events of the aggregate up to now, including tombstones. */
    public List<PublishedEvent> by(Object aggregateId) {
        poll(Duration.ofMillis(100));
        return events.stream().filter(of(aggregateId)).toList();
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

    private static Predicate<PublishedEvent> of(Object aggregateId) {
        return event -> event.aggregateId().equals(aggregateId.toString());
    }

    private interface Condition {
        boolean holds();
    }

    private void await(Duration limit, Condition condition) {
        Instant deadline = Instant.now().plus(limit);
        while (!condition.holds() && Instant.now().isBefore(deadline)) {
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
            String key = each.key();
            events.add(new PublishedEvent(
                    each.topic(),
                    each.partition(),
                    each.offset(),
                    key == null ? "" : key,
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
        return new AssertionError(sentence + "; published since the test began: "
                + (events.isEmpty()
                        ? "nothing"
                        : events.stream()
                                .map(PublishedEvent::toString)
                                .collect(Collectors.joining("\n  ", "\n  ", ""))));
    }
}
