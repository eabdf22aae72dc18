package dev.afterimage.projection.view;

import dev.afterimage.projection.change.Change;
import dev.afterimage.projection.change.Effect;
import dev.afterimage.projection.change.Envelope;
import dev.afterimage.projection.change.Tombstone;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * Folds a batch per order: starts from what the tables hold, takes the changes one by one, and leaves for each order at
 * most one row to write or one deletion to remember.
 */
final class OrderFold {

    /** What the tables hold of an order: the highest version seen, 0 for none, and whether its row is there. */
    record Stored(long version, boolean present) {
        static final Stored NOTHING = new Stored(0, false);
    }

    /**
     * An order that is gone.
     *
     * @param version the delete's own, or that of the row which a tombstone removed
     * @param committedAt null when a tombstone alone removed the row
     */
    record Deletion(UUID id, long version, @Nullable Instant committedAt) {}

    private record State(
            long version, boolean present, @Nullable Change last) {}

    private final Map<UUID, Stored> stored;
    private final Map<UUID, State> states = new HashMap<>();

    OrderFold(Map<UUID, Stored> stored) {
        this.stored = stored;
    }

    Effect take(Change change) {
        State state = states.computeIfAbsent(change.id(), id -> {
            Stored found = stored.getOrDefault(id, Stored.NOTHING);
            return new State(found.version(), found.present(), null);
        });
        boolean news =
                switch (change) {
                    case Envelope envelope -> envelope.version() > state.version();
                    case Tombstone _ -> state.present();
                };
        if (!news) {
            return Effect.IGNORED;
        }
        states.put(
                change.id(),
                switch (change) {
                    case Envelope envelope -> new State(envelope.version(), envelope.after() != null, envelope);
                    case Tombstone tombstone -> new State(state.version(), false, tombstone);
                });
        return Effect.APPLIED;
    }

    /** The events whose {@code after} is to be written, one an order. */
    List<Envelope> upserts() {
        List<Envelope> upserts = new ArrayList<>(states.size());
        for (State state : states.values()) {
            if (state.present() && state.last() instanceof Envelope envelope) {
                upserts.add(envelope);
            }
        }
        return upserts;
    }

    List<Deletion> deletions() {
        List<Deletion> deletions = new ArrayList<>();
        for (State state : states.values()) {
            if (!state.present() && state.last() != null) {
                Instant committedAt = state.last() instanceof Envelope delete ? delete.committedAt() : null;
                deletions.add(new Deletion(state.last().id(), state.version(), committedAt));
            }
        }
        return deletions;
    }
}
