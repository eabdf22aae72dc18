package dev.afterimage.bench;

import com.fasterxml.uuid.Generators;
import com.fasterxml.uuid.impl.TimeBasedEpochGenerator;
import dev.afterimage.stack.KafkaBroker;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.UUID;
import java.util.concurrent.ExecutionException;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.jspecify.annotations.Nullable;

/**
 * The same random history of orders, twice: as order-service publishes it, and as the JDBC sink likes it best, which is a
 * flat row with its schema and without items. Half of the events place an order, four in ten change one, one in ten deletes
 * one, long after it was placed, so that few of them meet in a batch.
 */
final class Backlog {

    /** Orders are placed so many at a time before the first of them changes. */
    private static final int WINDOW = 20_000;

    private static final String ROW_SCHEMA = """
            {"schema":{"type":"struct","name":"order","optional":false,"fields":[\
            {"field":"id","type":"string","name":"io.debezium.data.Uuid","optional":false},\
            {"field":"customer_id","type":"string","name":"io.debezium.data.Uuid","optional":false},\
            {"field":"status","type":"string","optional":false},\
            {"field":"currency","type":"string","optional":false},\
            {"field":"total","type":"string","optional":false},\
            {"field":"created_at","type":"string","name":"io.debezium.time.ZonedTimestamp","optional":false},\
            {"field":"updated_at","type":"string","name":"io.debezium.time.ZonedTimestamp","optional":false},\
            {"field":"version","type":"int64","optional":false}]},"payload":""";

    private static final String KEY_SCHEMA = """
            {"schema":{"type":"struct","name":"key","optional":false,"fields":[\
            {"field":"id","type":"string","name":"io.debezium.data.Uuid","optional":false}]},"payload":""";

    /**
     * What is left when all is applied.
     *
     * @param rows of orders that are not deleted
     * @param versions their sum
     * @param records on the topic of events, tombstones among them
     * @param live the version of each order that is not deleted
     */
    record End(long rows, long versions, long records, Map<UUID, Integer> live) {}

    /** As order-service makes them. */
    private final TimeBasedEpochGenerator rising = Generators.timeBasedEpochGenerator();

    private final Random random;
    private final int events;
    private final Map<UUID, Integer> live = new HashMap<>();
    private long records;

    /** @param events without the tombstones, one for each delete */
    Backlog(long seed, int events) {
        this.random = new Random(seed);
        this.events = events;
    }

    /** Publishes the history on two fresh topics; returns when the broker has it. */
    End publish(KafkaBroker kafka, String eventTopic, String rowTopic, int partitions)
            throws ExecutionException, InterruptedException {
        try (Admin admin = kafka.admin()) {
            for (String topic : List.of(eventTopic, rowTopic)) {
                if (admin.listTopics().names().get().contains(topic)) {
                    continue;
                }
                admin.createTopics(List.of(new NewTopic(topic, partitions, (short) 1)))
                        .all()
                        .get();
            }
        }
        Map<String, Object> settings =
                Map.of("bootstrap.servers", kafka.bootstrapServers(), "linger.ms", 20, "batch.size", 256 * 1024);
        try (var producer = new KafkaProducer<>(settings, new ByteArraySerializer(), new ByteArraySerializer())) {
            for (int sent = 0; sent < events; ) {
                int orders = Math.min(WINDOW, (events - sent + 1) / 2);
                UUID[] placed = new UUID[orders];
                for (int i = 0; i < orders; i++) {
                    placed[i] = rising.generate();
                    send(producer, eventTopic, rowTopic, placed[i], 1, "c");
                }
                sent += orders;
                for (int i = 0; i < orders && sent < events; i++, sent++) {
                    send(producer, eventTopic, rowTopic, placed[i], 2, random.nextInt(5) > 0 ? "u" : "d");
                }
            }
        }
        return new End(
                live.size(),
                live.values().stream().mapToLong(version -> version).sum(),
                records,
                live);
    }

    private void send(
            KafkaProducer<byte[], byte[]> producer,
            String eventTopic,
            String rowTopic,
            UUID id,
            int version,
            String op) {
        String event = """
                {"op":"%s","before":%s,"after":%s,"source":{"service":"order-service","aggregate":"order","version":%d,\
                "eventType":"OrderEvent"},"ts_ms":%d}""".formatted(
                        op,
                        op.equals("c") ? null : image(id, version - 1),
                        op.equals("d") ? null : image(id, version),
                        version,
                        System.currentTimeMillis());
        String rowKey = KEY_SCHEMA + "{\"id\":\"%s\"}}".formatted(id);
        put(producer, eventTopic, id.toString(), event);
        records++;
        live.put(id, version);
        put(producer, rowTopic, rowKey, op.equals("d") ? null : ROW_SCHEMA + row(id, version) + "}");
        if (op.equals("d")) {
            put(producer, eventTopic, id.toString(), null);
            records++;
            live.remove(id);
        }
    }

    private static void put(KafkaProducer<byte[], byte[]> producer, String topic, String key, @Nullable String value) {
        var _ = producer.send(new ProducerRecord<>(
                topic,
                key.getBytes(StandardCharsets.UTF_8),
                value == null ? null : value.getBytes(StandardCharsets.UTF_8)));
    }

    private static String image(UUID id, int version) {
        return """
                {"id":"%1$s","customerId":"%1$s","status":"%2$s","currency":"EUR","total":"89.70","items":[\
                {"productId":"%1$s","quantity":2,"unitPrice":"29.90","lineTotal":"59.80"},\
                {"productId":"%1$s","quantity":1,"unitPrice":"29.90","lineTotal":"29.90"}],\
                "createdAt":"2026-11-21T09:00:00.123456Z","updatedAt":"2026-11-21T09:00:00.123456Z","version":%3$d}""".formatted(id, status(version), version);
    }

    private static String row(UUID id, int version) {
        return """
                {"id":"%1$s","customer_id":"%1$s","status":"%2$s","currency":"EUR","total":"89.70",\
                "created_at":"2026-11-21T09:00:00.123456Z","updated_at":"2026-11-21T09:00:00.123456Z","version":%3$d}""".formatted(id, status(version), version);
    }

    private static String status(int version) {
        return version == 1 ? "PENDING" : "PAID";
    }
}
