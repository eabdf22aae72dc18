package dev.afterimage.shop.outbox;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import dev.afterimage.shop.outbox.Fold.Aggregate;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Shows that {@link Fold} detects errors. The history consists of the contract's examples, one after the other. */
class FoldTest {

    private static final int PLACED = 2;
    private static final int STATUS_CHANGED = 3;
    private static final int SNAPSHOT = 4;
    private static final int DELETED = 5;
    private static final int TOMBSTONE = 6;

    private final List<Wal.Change> log = new ArrayList<>(Stream.of(
                    "customer CustomerRegistered",
                    "product ProductOffered",
                    "order OrderPlaced",
                    "order OrderStatusChanged",
                    "order OrderSnapshot",
                    "order OrderDeleted",
                    "order OrderDeleted tombstone")
            .map(FoldTest::example)
            .toList());

    @Test
    void foldsAHistoryToTheRowsThatAreLeft() {
        var fold = Fold.of(log);

        assertThat(fold.rows().keySet()).extracting(Aggregate::type).containsOnly("customer", "product");
        assertThat(fold.changes(new Aggregate("order", log.getLast().aggregateId())))
                .hasSize(3);
        assertThat(fold.snapshots()).containsExactly("OrderSnapshot");
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, PLACED, STATUS_CHANGED, DELETED, TOMBSTONE})
    void seesThatOneIsMissing(int index) {
        log.remove(index);
        assertThatThrownBy(() -> Fold.of(log)).isInstanceOf(AssertionError.class);
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, PLACED, STATUS_CHANGED, DELETED, TOMBSTONE})
    void seesThatOneCameTwice(int index) {
        log.add(index, log.get(index));
        assertThatThrownBy(() -> Fold.of(log)).isInstanceOf(AssertionError.class);
    }

    @ParameterizedTest
    @ValueSource(ints = {PLACED, STATUS_CHANGED, SNAPSHOT, DELETED})
    void seesThatOneWasOvertaken(int index) {
        Collections.swap(log, index, index + 1);
        assertThatThrownBy(() -> Fold.of(log)).isInstanceOf(AssertionError.class);
    }

    @Test
    void letsASnapshotBeRepeatedOrMissing() {
        log.add(SNAPSHOT, log.get(SNAPSHOT));
        assertThat(Fold.of(log).snapshots()).hasSize(2);
        log.subList(SNAPSHOT, DELETED + 1).removeIf(row -> row.type().equals("OrderSnapshot"));
        assertThat(Fold.of(log).snapshots()).isEmpty();
    }

    private static Wal.Change example(String name) {
        var words = name.split(" ", -1);
        var record = Contract.examples(words[0]).stream()
                .filter(example -> example.at("/headers/eventType").asText().equals(words[1])
                        && example.get("value").isNull() == (words.length == 3))
                .findFirst()
                .orElseThrow();
        JsonNode value = record.get("value");
        return new Wal.Change(
                'I',
                Arrays.asList(
                        record.at("/headers/id").asText(),
                        words[0],
                        record.get("key").asText(),
                        words[1],
                        value.isNull() ? null : value.toString()));
    }
}
