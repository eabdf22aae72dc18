package dev.afterimage.projection.audit;

import com.fasterxml.jackson.annotation.JsonValue;

/** A database that has the rows. */
public enum Side {
    SOURCE("source"),
    READ_MODEL("read-model"),
    REPLICA("replica");

    private final String label;

    Side(String label) {
        this.label = label;
    }

    @JsonValue
    public String label() {
        return label;
    }
}
