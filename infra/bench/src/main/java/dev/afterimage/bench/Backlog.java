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
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.jspecify.annotations.Nullable;

/**
 * The same random events of orders in two forms: as order-service publishes them, and as rows for Debezium's JDBC sink.
 * The rows have the form that suits the sink best, flat and with their schema: of orders, of their items, and of an
 * event log. Half of the events place an order, 40 % change one, 10 % delete one. Changes and deletes come long after
 * the order was placed, so few events of one order are in the same batch.
 */
final class Backlog {

    static final String EVENTS = "order.events";
    /** The topics of rows; each has the name of its table. */
    static final String ORDERS = "orders";

    static final String ITEMS = "order_items";
    static final String LOG = "cdc_events";

    /** The number of partitions of order.events in the local pipeline. */
    private static final int PARTITIONS = 4;
    /** The number of orders that are placed before the first of them changes. */
    private static final int WINDOW = 20_000;

    private static final Map<String, String> TYPES = Map.of(
            "uuid", "\"string\",\"name\":\"io.debezium.data.Uuid\"",
            "json", "\"string\",\"name\":\"io.debezium.data.Json\"",
            "time", "\"string\",\"name\":\"io.debezium.time.ZonedTimestamp\"",
            "text", "\"string\"",
            "int", "\"int32\"",
            "long", "\"int64\"");

    private static final String ORDER_KEY = schema("id uuid");
    private static final String ORDER_ROW = schema("id uuid, customer_id uuid, status text, currency text, total text,"
            + " created_at time, updated_at time, version long");
    private static final String ITEM_KEY = schema("order_id uuid, line_no int");
    private static final String ITEM_ROW =
            schema("order_id uuid, line_no int, product_id uuid, quantity int, unit_price text, line_total text");
    private static final String LOG_ROW = schema("source_table text, operation text, event_key text, before_data json,"
            + " after_data json, source_metadata json, event_timestamp time");

    /**
     * The beginning of a JSON document with schema, as Connect's converter reads it; the row and a closing brace
     * follow.
     */
    private static String schema(String columns) {
        return Stream.of(columns.split(", "))
                .map(column -> column.split(" "))
                .map(column ->
                        "{\"field\":\"%s\",\"optional\":true,\"type\":%s}".formatted(column[0], TYPES.get(column[1])))
                .collect(Collectors.joining(
                        ",", "{\"schema\":{\"type\":\"struct\",\"optional\":false,\"fields\":[", "]},\"payload\":"));
    }

    /**
     * The state after all events are applied.
     *
     * @param rows number of orders that are not deleted
     * @param versions sum of their versions
     * @param records number of records on the topic of events, including tombstones
     * @param live the version of each order that is not deleted
     */
    record End(long rows, long versions, long records, Map<UUID, Integer> live) {}

    /** Generates ids as order-service does. */
    private final TimeBasedEpochGenerator rising = Generators.timeBasedEpochGenerator();

    private final Random random;
    private final int events;
    private final Map<UUID, Integer> live = new HashMap<>();
    private long records;

    /** @param events number of events, without the tombstone of each delete */
    Backlog(long seed, int events) {
        this.random = new Random(seed);
        this.events = events;
    }

    /** Publishes the events; returns when the broker has stored them. */
    End publish(KafkaBroker kafka) throws ExecutionException, InterruptedException {
        try (Admin admin = kafka.admin()) {
            admin.createTopics(List.of(topic(ORDERS), topic(ITEMS), topic(LOG)))
                    .all()
                    .get();
        }
        Map<String, Object> settings =
                Map.of("bootstrap.servers", kafka.bootstrapServers(), "linger.ms", 20, "batch.size", 256 * 1024);
        try (var producer = new KafkaProducer<>(settings, new ByteArraySerializer(), new ByteArraySerializer())) {
            for (int sent = 0; sent < events; ) {
                int orders = Math.min(WINDOW, (events - sent + 1) / 2);
                UUID[] placed = new UUID[orders];
                for (int i = 0; i < orders; i++) {
                    placed[i] = rising.generate();
                    send(producer, placed[i], 1, "c");
                }
                sent += orders;
                for (int i = 0; i < orders && sent < events; i++, sent++) {
                    send(producer, placed[i], 2, random.nextInt(5) > 0 ? "u" : "d");
                }
            }
        }
        return new End(
                live.size(),
                live.values().stream().mapToLong(version -> version).sum(),
                records,
                live);
    }

    private static NewTopic topic(String name) {
        return new NewTopic(name, PARTITIONS, (short) 1);
    }

    private void send(KafkaProducer<byte[], byte[]> producer, UUID id, int version, String op) {
        String before = op.equals("c") ? null : image(id, version - 1);
        String after = op.equals("d") ? null : image(id, version);
        String source = """
                {"service":"order-service","aggregate":"order","version":%d,"eventType":"OrderEvent"}""".formatted(version);
        put(producer, EVENTS, id.toString(), """
                {"op":"%s","before":%s,"after":%s,"source":%s,"ts_ms":%d}""".formatted(op, before, after, source, System.currentTimeMillis()));
        put(
                producer,
                LOG,
                id.toString(),
                LOG_ROW + """
                {"source_table":"orders","operation":"%s","event_key":"%s","before_data":%s,"after_data":%s,\
                "source_metadata":%s,"event_timestamp":"2026-11-21T09:00:00.123Z"}}""".formatted(op, id, quoted(before), quoted(after), quoted(source)));
        put(
                producer,
                ORDERS,
                ORDER_KEY + "{\"id\":\"%s\"}}".formatted(id),
                after == null ? null : ORDER_ROW + row(id, version) + "}");
        for (int line = 1; line <= 2 && !op.equals("u"); line++) {
            put(
                    producer,
                    ITEMS,
                    ITEM_KEY + "{\"order_id\":\"%s\",\"line_no\":%d}}".formatted(id, line),
                    after == null ? null : ITEM_ROW + item(id, line) + "}");
        }
        records++;
        live.put(id, version);
        if (op.equals("d")) {
            put(producer, EVENTS, id.toString(), null);
            records++;
            live.remove(id);
        }
    }

    private static String quoted(@Nullable String json) {
        return json == null ? "null" : '"' + json.replace("\"", "\\\"") + '"';
    }

    private static String item(UUID id, int line) {
        return """
                {"order_id":"%1$s","line_no":%2$d,"product_id":"%1$s","quantity":%2$d,"unit_price":"29.90",\
                "line_total":"29.90"}""".formatted(id, line);
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
