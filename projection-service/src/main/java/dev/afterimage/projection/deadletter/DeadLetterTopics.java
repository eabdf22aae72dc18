package dev.afterimage.projection.deadletter;

import io.quarkus.logging.Log;
import io.smallrye.common.annotation.Identifier;
import jakarta.annotation.PreDestroy;
import jakarta.enterprise.context.ApplicationScoped;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.errors.InterruptException;
import org.apache.kafka.common.errors.RecordTooLargeException;
import org.apache.kafka.common.header.Headers;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.eclipse.microprofile.config.inject.ConfigProperty;
import org.jspecify.annotations.Nullable;

/**
 * Sends refused records to {@code <topic>.dlq}, with key, value and headers as received, and the reason in additional
 * headers.
 */
@ApplicationScoped
public class DeadLetterTopics {

    private final Map<String, Object> kafka;
    private final String clientId;
    private final Duration timeout;
    private @Nullable Producer<byte[], byte[]> producer;

    DeadLetterTopics(
            @Identifier("default-kafka-broker") Map<String, Object> kafka,
            @ConfigProperty(name = "feed.instance-id") String instanceId,
            @ConfigProperty(name = "feed.dead-letter-timeout") Duration timeout) {
        this.kafka = kafka;
        this.clientId = instanceId + "-dead-letters";
        this.timeout = timeout;
    }

    /**
     * Sends the records and returns when the broker has acknowledged all of them.
     *
     * @throws KafkaException when the broker does not acknowledge in time; some may have arrived
     */
    public void send(List<Refused> records) {
        if (records.isEmpty()) {
            return;
        }
        var producer = producer();
        List<Future<RecordMetadata>> sent = new ArrayList<>(records.size());
        for (var refused : records) {
            sent.add(producer.send(letter(refused, refused.record().value())));
        }
        for (int i = 0; i < sent.size(); i++) {
            var refused = records.get(i);
            try {
                await(sent.get(i));
            } catch (RecordTooLargeException e) {
                // the additional headers make the message too large, so it is sent without the value; the source topic
                // still has the value
                byte @Nullable [] value = refused.record().value();
                var letter = letter(refused, null);
                letter.headers().add("dead-letter-value-left-out", text((value == null ? 0 : value.length) + " bytes"));
                await(producer.send(letter));
            }
            Log.warnf(
                    "Set aside a record: %s topic=%s partition=%d offset=%d",
                    refused.fault().reason(),
                    refused.record().topic(),
                    refused.record().partition(),
                    refused.record().offset());
        }
    }

    @PreDestroy
    synchronized void close() {
        if (producer != null) {
            producer.close(timeout);
            producer = null;
        }
    }

    private synchronized Producer<byte[], byte[]> producer() {
        if (producer == null) { // most services never see a refused record, and the client costs memory and threads
            Map<String, Object> settings = new HashMap<>(kafka);
            settings.put(ProducerConfig.CLIENT_ID_CONFIG, clientId);
            settings.put(ProducerConfig.ACKS_CONFIG, "all");
            settings.put(ProducerConfig.LINGER_MS_CONFIG, 0);
            settings.put(ProducerConfig.BUFFER_MEMORY_CONFIG, 16 * 1024 * 1024);
            settings.put(ProducerConfig.MAX_REQUEST_SIZE_CONFIG, 12 * 1024 * 1024);
            int timeoutMs = Math.toIntExact(timeout.toMillis());
            settings.put(ProducerConfig.MAX_BLOCK_MS_CONFIG, timeoutMs);
            settings.put(ProducerConfig.DELIVERY_TIMEOUT_MS_CONFIG, timeoutMs);
            settings.put(ProducerConfig.REQUEST_TIMEOUT_MS_CONFIG, timeoutMs / 2);
            settings.put(ProducerConfig.RECONNECT_BACKOFF_MAX_MS_CONFIG, 500);
            producer = new KafkaProducer<>(settings, new ByteArraySerializer(), new ByteArraySerializer());
        }
        return producer;
    }

    private static ProducerRecord<byte[], byte[]> letter(Refused refused, byte @Nullable [] value) {
        var record = refused.record();
        var letter = new ProducerRecord<>(record.topic() + ".dlq", null, record.key(), value, record.headers());
        Headers headers = letter.headers();
        headers.add("dead-letter-reason", text(refused.fault().reason()));
        headers.add("dead-letter-topic", text(record.topic()));
        headers.add("dead-letter-partition", text(Integer.toString(record.partition())));
        headers.add("dead-letter-offset", text(Long.toString(record.offset())));
        return letter;
    }

    private static void await(Future<RecordMetadata> sent) {
        try {
            sent.get();
        } catch (ExecutionException e) {
            throw e.getCause() instanceof KafkaException kafkaException
                    ? kafkaException
                    : new KafkaException("a dead letter could not be sent", e.getCause());
        } catch (InterruptedException e) {
            throw new InterruptException(e);
        }
    }

    private static byte[] text(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }
}
