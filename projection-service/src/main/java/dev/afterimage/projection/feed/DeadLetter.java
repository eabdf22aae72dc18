package dev.afterimage.projection.feed;

import io.quarkus.runtime.annotations.RegisterForReflection;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.apache.kafka.common.record.TimestampType;
import org.jspecify.annotations.Nullable;

/**
 * A record that was set aside, as it came.
 *
 * @param timestamp the record's own, in epoch milliseconds
 * @param fault why it was refused last
 * @param attempts how often it was refused, the feed's own attempt counted
 */
@SuppressWarnings("ArrayRecordComponent") // as Kafka has them; letters are never compared
record DeadLetter(
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
    record Header(String name, byte @Nullable [] value) {}

    /** The record once more, as the consumer would deliver it. */
    ConsumerRecord<byte[], byte[]> asRecord() {
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
