package dev.afterimage.projection.view;

import dev.afterimage.projection.change.Change;
import dev.afterimage.projection.change.Effect;
import dev.afterimage.projection.change.Envelope;
import dev.afterimage.projection.change.Image;
import dev.afterimage.projection.change.Tombstone;
import java.util.HashMap;
import java.util.Map;
import java.util.UUID;

/** A simple implementation of the contract's table "semantics of the read model", one change at a time. */
public final class Expected {

    public final Map<UUID, Image> rows = new HashMap<>();
    public final Map<UUID, Long> deletions = new HashMap<>();

    public Map<UUID, Long> remembered() {
        return below(rows, deletions);
    }

    /**
     * The deletions without those of rows that exist again with a higher version: there the version of the row decides.
     */
    public static Map<UUID, Long> below(Map<UUID, ? extends Image> rows, Map<UUID, Long> deletions) {
        Map<UUID, Long> guarding = new HashMap<>(deletions);
        guarding.keySet().removeAll(rows.keySet());
        return guarding;
    }

    public Effect apply(Change change) {
        Image row = rows.get(change.id());
        long deleted = deletions.getOrDefault(change.id(), 0L);
        switch (change) {
            case Envelope event
            when event.after() != null -> {
                boolean above = (row == null || event.version() > row.version()) && event.version() > deleted;
                if (above) {
                    rows.put(event.id(), event.after());
                    return Effect.APPLIED;
                }
            }
            case Envelope delete -> {
                boolean above = (row == null || delete.version() > row.version()) && delete.version() > deleted;
                if (above) {
                    rows.remove(delete.id());
                    deletions.put(delete.id(), delete.version());
                    return Effect.APPLIED;
                }
            }
            case Tombstone tombstone -> {
                if (row != null) {
                    rows.remove(tombstone.id());
                    deletions.put(tombstone.id(), row.version());
                    return Effect.APPLIED;
                }
            }
        }
        return Effect.IGNORED;
    }
}
