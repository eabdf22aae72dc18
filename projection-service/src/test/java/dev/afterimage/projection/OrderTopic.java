package dev.afterimage.projection;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.jspecify.annotations.Nullable;

/** Writes any records to {@code order.events} and reads the dead letters. */
public final class OrderTopic implements AutoCloseable {

    public static final String NAME = "order.events";

    private final Map<String, Object> kafka;
    private final KafkaProducer<byte[], byte[]> producer;

    public OrderTopic(String bootstrapServers) {
        this(bootstrapServers, "none");
    }

    /** Uses one of Kafka's codecs, such as zstd. */
    public OrderTopic(String bootstrapServers, String compression) {
        kafka = Map.of("bootstrap.servers", bootstrapServers, "compression.type", compression);
        producer = new KafkaProducer<>(kafka, new ByteArraySerializer(), new ByteArraySerializer());
    }

    public RecordMetadata put(UUID key, @Nullable String value) {
        return put(key.toString(), value);
    }

    public RecordMetadata put(@Nullable String key, @Nullable String value) {
        return put(new ProducerRecord<>(NAME, bytes(key), bytes(value)));
    }

    /** Puts a record on the topic of another aggregate. */
    public RecordMetadata putOn(String name, UUID key, @Nullable String value) {
        return put(new ProducerRecord<>(name, bytes(key.toString()), bytes(value)));
    }

    /**
     * Puts a record in the form of the event router.
     *
     * @param traceparent null for a header without a value
     */
    public RecordMetadata putTraced(UUID key, @Nullable String value, @Nullable String traceparent) {
        var record = new ProducerRecord<>(NAME, bytes(key.toString()), bytes(value));
        record.headers().add("traceparent", bytes(traceparent));
        return put(record);
    }

    /** Puts a record; returns its position when the broker has acknowledged it. */
    public RecordMetadata put(ProducerRecord<byte[], byte[]> record) {
        record.headers().add("eventType", "OrderEvent".getBytes(StandardCharsets.UTF_8));
        try {
            return producer.send(record).get();
        } catch (Exception e) {
            throw new AssertionError("the record could not be put on the topic", e);
        }
    }

    /** Puts a record without waiting, so that many records arrive as one batch. */
    public void send(UUID key, @Nullable String value) {
        sendOn(NAME, key, value);
    }

    public void sendOn(String name, UUID key, @Nullable String value) {
        var _ = producer.send(new ProducerRecord<>(name, bytes(key.toString()), bytes(value)));
    }

    public void flush() {
        producer.flush();
    }

    /** The dead letters of this record. */
    public List<ConsumerRecord<byte[], byte[]>> deadLettersOf(RecordMetadata origin) {
        try (var consumer = new KafkaConsumer<>(kafka, new ByteArrayDeserializer(), new ByteArrayDeserializer())) {
            var partitions = List.of(new TopicPartition(NAME + ".dlq", 0));
            consumer.assign(partitions);
            consumer.seekToBeginning(partitions);
            long end = consumer.endOffsets(partitions).getOrDefault(partitions.getFirst(), 0L);
            List<ConsumerRecord<byte[], byte[]>> letters = new ArrayList<>();
            while (consumer.position(partitions.getFirst()) < end) {
                for (var letter : consumer.poll(Duration.ofSeconds(1))) {
                    if (header(letter, "dead-letter-partition").equals(String.valueOf(origin.partition()))
                            && header(letter, "dead-letter-offset").equals(String.valueOf(origin.offset()))) {
                        letters.add(letter);
                    }
                }
            }
            return letters;
        }
    }

    public static String header(ConsumerRecord<byte[], byte[]> record, String name) {
        return new String(record.headers().lastHeader(name).value(), StandardCharsets.UTF_8);
    }

    @Override
    public void close() {
        producer.close();
    }

    private static byte @Nullable [] bytes(@Nullable String text) {
        return text == null ? null : text.getBytes(StandardCharsets.UTF_8);
    }
}
