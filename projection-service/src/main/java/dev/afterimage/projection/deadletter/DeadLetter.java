package dev.afterimage.projection.deadletter;

import io.quarkus.runtime.annotations.RegisterForReflection;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.apache.kafka.common.record.TimestampType;
import org.jspecify.annotations.Nullable;

/**
 * A refused record, as received.
 *
 * @param timestamp the timestamp of the record, in epoch milliseconds
 * @param fault the reason of the last refusal
 * @param attempts the number of refusals, including the first one by the feed
 */
@SuppressWarnings("ArrayRecordComponent") // as Kafka has them; letters are never compared
public record DeadLetter(
        long id,
        String topic,
        int partition,
        long offset,
        long timestamp,
        byte @Nullable [] key,
        byte @Nullable [] value,
        List<Header> headers,
        Fault fault,
        int attempts,
        Instant receivedAt,
        Instant lastAttemptAt) {

    @RegisterForReflection
    public record Header(String name, byte @Nullable [] value) {}

    /** The record, as the consumer delivered it. */
    public ConsumerRecord<byte[], byte[]> asRecord() {
        var kept = new RecordHeaders();
        headers.forEach(header -> kept.add(header.name(), header.value()));
        return new ConsumerRecord<>(
                topic,
                partition,
                offset,
                timestamp,
                TimestampType.CREATE_TIME,
                key == null ? ConsumerRecord.NULL_SIZE : key.length,
                value == null ? ConsumerRecord.NULL_SIZE : value.length,
                key,
                value,
                kept,
                Optional.empty());
    }
}
