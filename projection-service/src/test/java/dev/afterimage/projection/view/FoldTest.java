package dev.afterimage.projection.view;

import static org.assertj.core.api.Assertions.assertThat;

import dev.afterimage.projection.OrderEvents;
import dev.afterimage.projection.change.Change;
import dev.afterimage.projection.change.Envelope;
import dev.afterimage.projection.change.Image;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class FoldTest {

    private final OrderEvents order = new OrderEvents();

    @Test
    void hasTheResultOfSingleChangesForAnyBatches() {
        long seed = System.nanoTime();
        for (int run = 0; run < 2_000; run++) {
            var histories = new Histories(new Random(seed + run), 3);
            List<Change> history = histories.changes(30);
            var expected = new Expected();
            var tables = new Tables();
            for (List<Change> batch : histories.batches(history)) {
                var fold = new Fold(tables.stored());
                for (Change change : batch) {
                    assertThat(fold.take(change).effect())
                            .as("seed %d", seed + run)
                            .isEqualTo(expected.apply(change));
                }
                tables.write(fold);
            }
            assertThat(tables.rows).as("seed %d", seed + run).isEqualTo(expected.rows);
            assertThat(tables.remembered()).as("seed %d", seed + run).isEqualTo(expected.remembered());
        }
    }

    @Test
    void keepsAnOrderThatCameBackAboveItsTombstone() {
        var fold = fold(order.placed(), order.changed(2), order.deleted(3), null, order.placed(), order.changed(2));
        assertThat(fold.upserts()).isEmpty();
        assertThat(fold.deletions()).extracting(Fold.Deletion::version).containsExactly(3L);

        fold = fold(null, order.changed(5));
        assertThat(fold.upserts()).extracting(Envelope::version).containsExactly(5L);
    }

    @Test
    void remembersTheVersionATombstoneRemoved() {
        var fold = fold(order.placed(), null, order.placed());
        assertThat(fold.upserts()).isEmpty();
        assertThat(fold.deletions()).containsExactly(new Fold.Deletion(order.id, 1, null));
    }

    @Test
    void writesNothingForAnOrderThatOnlyGotATombstone() {
        var fold = fold((String) null);
        assertThat(fold.upserts()).isEmpty();
        assertThat(fold.deletions()).isEmpty();
    }

    private Fold fold(@Nullable String... values) {
        var fold = new Fold(Map.of());
        for (String value : values) {
            var _ = fold.take(Histories.read(order.id, value));
        }
        return fold;
    }

    /** The effect of the SQL statements, in memory. */
    private static final class Tables {

        final Map<UUID, Image> rows = new HashMap<>();
        final Map<UUID, Long> deletions = new HashMap<>();

        Map<UUID, Fold.Held> stored() {
            Map<UUID, Fold.Held> stored = new HashMap<>();
            deletions.forEach((id, version) -> stored.put(id, new Fold.Held(version, null)));
            rows.forEach((id, row) ->
                    stored.put(id, new Fold.Held(Math.max(row.version(), deletions.getOrDefault(id, 0L)), row)));
            return stored;
        }

        Map<UUID, Long> remembered() {
            return Expected.below(rows, deletions);
        }

        void write(Fold fold) {
            List<UUID> written = new ArrayList<>();
            for (Envelope upsert : fold.upserts()) {
                written.add(upsert.id());
                rows.put(upsert.id(), Objects.requireNonNull(upsert.after()));
            }
            for (Fold.Deletion deletion : fold.deletions()) {
                written.add(deletion.id());
                rows.remove(deletion.id());
                deletions.merge(deletion.id(), deletion.version(), Math::max);
            }
            assertThat(written).doesNotHaveDuplicates();
        }
    }
}
