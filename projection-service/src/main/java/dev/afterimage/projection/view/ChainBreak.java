package dev.afterimage.projection.view;

import dev.afterimage.projection.change.Image;
import org.jspecify.annotations.Nullable;

/**
 * An applied event that does not follow the stored state. It is newer, so it is applied; but an earlier event is
 * missing or was altered.
 *
 * @param held the stored image when the event was applied; null if there was none
 * @param before the {@code before} of the event
 */
public record ChainBreak(
        Rule rule, @Nullable Image held, @Nullable Image before) {

    /** The rule that the event breaks. */
    public enum Rule {
        /** The version of an event is the next version. */
        VERSION("version"),
        /** The {@code before} of an event is the stored {@code after}. */
        BEFORE("before");

        private final String label;

        Rule(String label) {
            this.label = label;
        }

        public String label() {
            return label;
        }
    }
}
