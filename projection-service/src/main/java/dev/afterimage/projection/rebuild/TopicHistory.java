package dev.afterimage.projection.rebuild;

import io.smallrye.common.annotation.Identifier;
import jakarta.enterprise.context.ApplicationScoped;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;

/** The topics as a history for rebuilds, read without the consumer group. */
@ApplicationScoped
class TopicHistory implements History {

    private static final Duration ANSWER_LIMIT = Duration.ofSeconds(10);
    private static final int POLL_RECORDS = 4_000;

    private final Map<String, Object> kafka;

    TopicHistory(@Identifier("default-kafka-broker") Map<String, Object> kafka) {
        this.kafka = kafka;
    }

    @Override
    public String name() {
        return "topics";
    }

    @Override
    public Optional<Extent> extent(String topic, int partition) throws IOException {
        var wanted = new TopicPartition(topic, partition);
        try (var consumer = consumer()) {
            if (consumer.partitionsFor(topic, ANSWER_LIMIT).stream().noneMatch(each -> each.partition() == partition)) {
                return Optional.empty();
            }
            return Optional.of(new Extent(
                    consumer.beginningOffsets(List.of(wanted), ANSWER_LIMIT).getOrDefault(wanted, 0L),
                    consumer.endOffsets(List.of(wanted), ANSWER_LIMIT).getOrDefault(wanted, 0L)));
        } catch (KafkaException e) {
            throw new IOException("the broker does not answer: " + e.getMessage(), e);
        }
    }

    @Override
    public Reader open(String topic, int partition, long from) {
        var wanted = new TopicPartition(topic, partition);
        var consumer = consumer();
        consumer.assign(List.of(wanted));
        consumer.seek(wanted, from);
        return new Reader() {
            @Override
            public List<Past> next(long until) throws IOException {
                try {
                    List<Past> found = new ArrayList<>();
                    long deadline = System.nanoTime() + ANSWER_LIMIT.toNanos();
                    // transaction markers also take offsets, but are not records
                    while (found.isEmpty() && consumer.position(wanted, ANSWER_LIMIT) < until) {
                        if (System.nanoTime() > deadline) {
                            throw new IOException("the broker delivers nothing of " + wanted);
                        }
                        for (ConsumerRecord<byte[], byte[]> record : consumer.poll(Duration.ofMillis(500))) {
                            if (record.offset() < until) {
                                found.add(new Past(record.offset(), record.key(), record.value()));
                            }
                        }
                    }
                    return found;
                } catch (KafkaException e) {
                    throw new IOException("the broker does not answer: " + e.getMessage(), e);
                }
            }

            @Override
            public void close() {
                consumer.close();
            }
        };
    }

    private KafkaConsumer<byte[], byte[]> consumer() {
        Map<String, Object> settings = new HashMap<>(kafka);
        settings.put(ConsumerConfig.CLIENT_ID_CONFIG, "projection-rebuild");
        settings.put(ConsumerConfig.ISOLATION_LEVEL_CONFIG, "read_committed");
        settings.put(ConsumerConfig.ENABLE_AUTO_COMMIT_CONFIG, false);
        settings.put(ConsumerConfig.ALLOW_AUTO_CREATE_TOPICS_CONFIG, false);
        // records that retention deletes meanwhile must not be skipped
        settings.put(ConsumerConfig.AUTO_OFFSET_RESET_CONFIG, "none");
        settings.put(ConsumerConfig.MAX_POLL_RECORDS_CONFIG, POLL_RECORDS);
        settings.put(ConsumerConfig.MAX_PARTITION_FETCH_BYTES_CONFIG, 2 * 1024 * 1024);
        return new KafkaConsumer<>(settings, new ByteArrayDeserializer(), new ByteArrayDeserializer());
    }
}
