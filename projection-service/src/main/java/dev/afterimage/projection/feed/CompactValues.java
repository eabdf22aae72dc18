package dev.afterimage.projection.feed;

import java.util.Arrays;
import java.util.zip.DataFormatException;
import java.util.zip.Deflater;
import java.util.zip.Inflater;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.serialization.Deserializer;
import org.jspecify.annotations.Nullable;

/**
 * Keeps large values compressed until their records are applied. The limits of a fetch count the bytes on the topic, which may be
 * a fortieth of the decoded ones, so the polls that wait in memory would fill the heap.
 */
public final class CompactValues implements Deserializer<byte[]> {

    private static final int SMALL_BYTES = 2 * 1024;

    private final Deflater deflater = new Deflater(Deflater.BEST_SPEED);

    @Override
    public byte @Nullable [] deserialize(String topic, byte @Nullable [] value) {
        if (value == null || value.length <= SMALL_BYTES) {
            return value;
        }
        var compact = new byte[value.length - 1];
        deflater.reset();
        deflater.setInput(value);
        deflater.finish();
        int length = deflater.deflate(compact);
        return deflater.finished() ? Arrays.copyOf(compact, length) : value;
    }

    /** The record with its value as it is on the topic. A compact value is shorter than the size that the consumer read. */
    static ConsumerRecord<byte[], byte[]> original(ConsumerRecord<byte[], byte[]> record) {
        int size = record.serializedValueSize();
        if (record.value() == null || record.value().length >= size) {
            return record;
        }
        var value = new byte[size];
        var inflater = new Inflater();
        try {
            inflater.setInput(record.value());
            if (inflater.inflate(value) != size) {
                throw new IllegalStateException("the value of %s was not kept whole".formatted(record));
            }
        } catch (DataFormatException e) {
            throw new IllegalStateException(e);
        } finally {
            inflater.end();
        }
        return new ConsumerRecord<>(
                record.topic(),
                record.partition(),
                record.offset(),
                record.timestamp(),
                record.timestampType(),
                record.serializedKeySize(),
                size,
                record.key(),
                value,
                record.headers(),
                record.leaderEpoch());
    }

    @Override
    public void close() {
        deflater.end();
    }
}
