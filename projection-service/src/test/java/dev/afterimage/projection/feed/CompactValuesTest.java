package dev.afterimage.projection.feed;

import static java.nio.charset.StandardCharsets.UTF_8;
import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.apache.kafka.common.record.TimestampType;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class CompactValuesTest {

    private static final byte[] LARGE =
            "{\"name\":\"%s\"}".formatted("x".repeat(1_000_000)).getBytes(UTF_8);

    private final CompactValues values = new CompactValues();

    @Test
    void aThousandLargeRecordsWaitInASmallHeap() {
        List<byte[]> waiting = new ArrayList<>();
        for (int i = 0; i < 1_000; i++) {
            waiting.add(values.deserialize("topic", LARGE.clone()));
        }
        assertThat(waiting).hasSize(1_000).allMatch(value -> value.length < 10_000);
        assertThat(original(waiting.getLast(), LARGE.length)).isEqualTo(LARGE);
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 2_048, 2_049, 300_000})
    void aValueThatDoesNotShrinkStaysAsItIs(int length) {
        var value = new byte[length];
        new Random(1).nextBytes(value);
        assertThat(original(values.deserialize("topic", value.clone()), length)).isEqualTo(value);
    }

    @Test
    void aValueThatLooksCompactStaysAsItIs() {
        byte[] compact =
                requireNonNull(values.deserialize("topic", "x".repeat(3_000).getBytes(UTF_8)));
        assertThat(compact).hasSizeLessThan(100);
        assertThat(original(values.deserialize("topic", compact.clone()), compact.length))
                .isEqualTo(compact);
    }

    @Test
    void aTombstoneStaysNull() {
        assertThat(values.deserialize("topic", null)).isNull();
        assertThat(original(null, ConsumerRecord.NULL_SIZE)).isNull();
    }

    private static byte @Nullable [] original(byte @Nullable [] value, int size) {
        return CompactValues.original(new ConsumerRecord<>(
                        "topic",
                        0,
                        0L,
                        0L,
                        TimestampType.CREATE_TIME,
                        0,
                        size,
                        new byte[0],
                        value,
                        new RecordHeaders(),
                        Optional.empty()))
                .value();
    }
}
