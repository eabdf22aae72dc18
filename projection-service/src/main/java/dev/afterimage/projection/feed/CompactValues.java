package dev.afterimage.projection.feed;

import java.nio.ByteBuffer;
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
    /** The first bytes of a compact value, then its decoded size; no JSON begins so. */
    private static final byte[] MARK = {0, 'c', 'o', 'm', 'p', 'a', 'c', 't', (byte) 0xFF, (byte) 0xAF};

    private static final int HEADER_BYTES = MARK.length + Integer.BYTES;

    private final Deflater deflater = new Deflater(Deflater.BEST_SPEED);

    @Override
    public byte @Nullable [] deserialize(String topic, byte @Nullable [] value) {
        if (value == null || value.length <= SMALL_BYTES) {
            return value;
        }
        var compact = ByteBuffer.allocate(value.length).put(MARK).putInt(value.length);
        deflater.reset();
        deflater.setInput(value);
        deflater.finish();
        int length = deflater.deflate(compact);
        return deflater.finished() ? Arrays.copyOf(compact.array(), HEADER_BYTES + length) : value;
    }

    private static boolean isCompact(byte @Nullable [] value) {
        return value != null
                && value.length > HEADER_BYTES
                && Arrays.equals(value, 0, MARK.length, MARK, 0, MARK.length);
    }

    /** The size of the decoded value. */
    static int size(byte @Nullable [] value) {
        if (value == null) {
            return 0;
        }
        return isCompact(value) ? ByteBuffer.wrap(value).getInt(MARK.length) : value.length;
    }

    /** The record with its value as it is on the topic. */
    static ConsumerRecord<byte[], byte[]> original(ConsumerRecord<byte[], byte[]> record) {
        if (!isCompact(record.value())) {
            return record;
        }
        var value = new byte[size(record.value())];
        var inflater = new Inflater();
        try {
            inflater.setInput(record.value(), HEADER_BYTES, record.value().length - HEADER_BYTES);
            if (inflater.inflate(value) != value.length) {
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
                value.length,
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
