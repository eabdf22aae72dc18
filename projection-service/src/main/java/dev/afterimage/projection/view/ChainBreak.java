package dev.afterimage.projection.view;

import dev.afterimage.projection.change.Image;
import org.jspecify.annotations.Nullable;

/**
 * An event that does not follow from what is held, though it is applied, being newer: something before it is missing or was
 * changed on the way.
 *
 * @param held what the read model held when the event came, null for nothing
 * @param before what the event says was there
 */
public record ChainBreak(
        Rule rule, @Nullable Image held, @Nullable Image before) {

    /** What an event owes to the one before it. */
    public enum Rule {
        /** Its version is the next one. */
        VERSION("version"),
        /** Its {@code before} is the {@code after} that is held. */
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
