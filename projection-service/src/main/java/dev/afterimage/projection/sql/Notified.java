package dev.afterimage.projection.sql;

import java.util.Set;

/**
 * The CDI event after other transactions, of any instance, have applied records.
 *
 * @param isComplete false if {@code words} do not say everything, for example after a lost connection; anything may have
 *     changed then
 * @param words what the transactions told
 */
public record Notified(boolean isComplete, Set<String> words) {

    public Notified {
        words = Set.copyOf(words);
    }
}
