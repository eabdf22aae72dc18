package dev.afterimage.projection.status;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.afterimage.projection.status.LogExtent.Offsets;
import dev.afterimage.projection.status.LogExtent.Part;
import dev.afterimage.projection.status.StreamPosition.Partition;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class StreamPositionTest {

    private static final Partition FIRST = new Partition("order.events", 0);
    private static final Partition SECOND = new Partition("order.events", 1);
    private static final Partition THIRD = new Partition("a", 2);

    @ParameterizedTest
    @ValueSource(strings = {"none", "order.events:0@5", "a:2@7;order.events:0@5,1@999999999999999999"})
    void isTheSameAfterAReconnect(String text) {
        assertThat(StreamPosition.of(text)).hasToString(text);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                " ",
                "x",
                "order.events-0@5",
                "order.events:0@",
                "order.events:0@-1",
                "order.events:0@1;",
                "a:0@1,",
                "a:0@1234567890123456789",
                "none;a:0@1"
            })
    void refusesAnyOtherText(String text) {
        assertThatThrownBy(() -> StreamPosition.of(text)).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void isFollowedByWhatTheLogHas() {
        var log = log(Map.of(
                FIRST, new Offsets(0, 10), // nothing new
                SECOND, new Offsets(6, 8), // retention has taken the offsets 4 and 5
                THIRD, new Offsets(2, 3))); // began after the position

        var stretch = log.oldest(StreamPosition.of("order.events:0@10,1@4"), 100);

        assertThat(stretch.parts()).containsExactlyInAnyOrder(new Part(SECOND, 6, 8), new Part(THIRD, 2, 3));
        assertThat(stretch.left()).isEqualTo(2);
        assertThat(stretch.isLast()).isTrue();
        assertThat(stretch.end()).hasToString("a:2@3;order.events:0@10,1@8");
    }

    @Test
    void isFollowedByAPartOfManyEvents() {
        var log = log(Map.of(FIRST, new Offsets(0, 1_000), SECOND, new Offsets(0, 30)));
        var from = StreamPosition.of("order.events:0@100,1@0");

        var oldest = log.oldest(from, 100);
        assertThat(oldest.parts()).containsExactlyInAnyOrder(new Part(FIRST, 100, 150), new Part(SECOND, 0, 30));
        assertThat(oldest.end()).hasToString("order.events:0@150,1@30");
        assertThat(oldest.isLast()).isFalse();
        assertThat(oldest.left()).isZero();

        var newest = log.newest(from, 100);
        assertThat(newest.parts()).containsExactlyInAnyOrder(new Part(FIRST, 950, 1_000), new Part(SECOND, 0, 30));
        assertThat(newest.end()).hasToString("order.events:0@1000,1@30");
        assertThat(newest.isLast()).isTrue();
        assertThat(newest.left()).isEqualTo(850);
    }

    @Test
    void goesOnInATopicThatWasCreatedAgain() {
        var stretch = log(Map.of(FIRST, new Offsets(0, 3))).oldest(StreamPosition.of("order.events:0@10"), 100);

        assertThat(stretch.parts()).isEmpty();
        assertThat(stretch.end()).hasToString("order.events:0@3");
    }

    private static LogExtent log(Map<Partition, Offsets> partitions) {
        return new LogExtent(new TreeMap<>(partitions));
    }
}
