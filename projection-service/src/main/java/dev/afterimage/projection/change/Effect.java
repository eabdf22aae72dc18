package dev.afterimage.projection.change;

import com.fasterxml.jackson.annotation.JsonValue;

/** What became of a record. */
public enum Effect {
    APPLIED("applied"),
    /** Seen before or overtaken by a newer version: nothing changed. */
    IGNORED("ignored"),
    /** A change of a row: the event log has it, and no read model follows it. */
    LOGGED("logged"),
    /** Could not be read or broke a rule: set aside with its reason. */
    DEAD_LETTER("dead-letter");

    private final String label;

    Effect(String label) {
        this.label = label;
    }

    @JsonValue
    public String label() {
        return label;
    }
}
