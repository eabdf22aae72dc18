package dev.afterimage.projection.view;

import dev.afterimage.projection.change.Change;
import dev.afterimage.projection.change.Effect;
import dev.afterimage.projection.change.Envelope;
import dev.afterimage.projection.change.Image;
import dev.afterimage.projection.change.Operation;
import dev.afterimage.projection.change.Tombstone;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * Folds a batch per aggregate: starts with the stored state and takes the changes one by one. The result is at most one
 * row to write or one deletion to store for each aggregate.
 */
final class Fold {

    /**
     * The stored state of an aggregate.
     *
     * @param version the highest seen version; 0 for none
     * @param image null if there is no row
     */
    record Held(long version, @Nullable Image image) {

        static final Held NOTHING = new Held(0, null);
    }

    /**
     * A deleted aggregate.
     *
     * @param version the version of the delete; if a tombstone removed the row, the version of the row
     * @param committedAt null if a tombstone removed the row
     */
    record Deletion(UUID id, long version, @Nullable Instant committedAt) {}

    private record State(Held held, @Nullable Change last) {}

    private final Map<UUID, Held> stored;
    private final Map<UUID, State> states = new HashMap<>();

    Fold(Map<UUID, Held> stored) {
        this.stored = stored;
    }

    Result take(Change change) {
        Held held = states.computeIfAbsent(change.id(), id -> new State(stored.getOrDefault(id, Held.NOTHING), null))
                .held();
        return switch (change) {
            case Envelope envelope -> take(envelope, held);
            case Tombstone tombstone -> take(tombstone, held);
        };
    }

    private Result take(Envelope envelope, Held held) {
        if (envelope.version() <= held.version()) {
            return Result.IGNORED;
        }
        states.put(envelope.id(), new State(new Held(envelope.version(), envelope.after()), envelope));
        return new Result(Effect.APPLIED, broken(envelope, held));
    }

    private Result take(Tombstone tombstone, Held held) {
        if (held.image() == null) {
            return Result.IGNORED;
        }
        states.put(tombstone.id(), new State(new Held(held.version(), null), tombstone));
        return new Result(Effect.APPLIED, null);
    }

    /** Returns the broken rule; null if there is none. A snapshot event is not a change, so no rule applies to it. */
    private static @Nullable ChainBreak broken(Envelope envelope, Held held) {
        if (envelope.op() == Operation.SNAPSHOT) {
            return null;
        }
        if (envelope.version() != held.version() + 1) {
            return new ChainBreak(ChainBreak.Rule.VERSION, held.image(), envelope.before());
        }
        if (!Objects.equals(envelope.before(), held.image())) {
            return new ChainBreak(ChainBreak.Rule.BEFORE, held.image(), envelope.before());
        }
        return null;
    }

    /** The events whose {@code after} has to be written, one per aggregate. */
    List<Envelope> upserts() {
        List<Envelope> upserts = new ArrayList<>(states.size());
        for (State state : states.values()) {
            if (state.held().image() != null && state.last() instanceof Envelope envelope) {
                upserts.add(envelope);
            }
        }
        return upserts;
    }

    List<Deletion> deletions() {
        List<Deletion> deletions = new ArrayList<>();
        for (State state : states.values()) {
            if (state.held().image() == null && state.last() != null) {
                Instant committedAt = state.last() instanceof Envelope delete ? delete.committedAt() : null;
                deletions.add(new Deletion(state.last().id(), state.held().version(), committedAt));
            }
        }
        return deletions;
    }
}
