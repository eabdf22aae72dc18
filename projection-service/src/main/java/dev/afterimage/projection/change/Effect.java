package dev.afterimage.projection.change;

import com.fasterxml.jackson.annotation.JsonValue;
import java.util.stream.Stream;

/** The effect of a record. */
public enum Effect {
    APPLIED("applied"),
    /** The record was seen before, or a newer version was applied before it: nothing changed. */
    IGNORED("ignored"),
    /** The record is a change of a row: it is in the event log, and no read model uses it. */
    LOGGED("logged"),
    /** The record could not be read or broke a rule: it became a dead letter with a reason. */
    DEAD_LETTER("dead-letter");

    private final String label;

    Effect(String label) {
        this.label = label;
    }

    /** The effect with this label. */
    public static Effect of(String label) {
        return Stream.of(values())
                .filter(effect -> effect.label.equals(label))
                .findFirst()
                .orElseThrow();
    }

    @JsonValue
    public String label() {
        return label;
    }
}
