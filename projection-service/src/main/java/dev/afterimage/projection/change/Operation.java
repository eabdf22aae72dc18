package dev.afterimage.projection.change;

import com.fasterxml.jackson.annotation.JsonValue;

/** The operation on the aggregate, with Debezium's letters. */
public enum Operation {
    CREATE("c"),
    UPDATE("u"),
    DELETE("d"),
    /** The re-published current state, which fills an empty read model. */
    SNAPSHOT("r");

    private final String code;

    Operation(String code) {
        this.code = code;
    }

    @JsonValue
    public String code() {
        return code;
    }

    boolean hasBefore() {
        return this == UPDATE || this == DELETE;
    }

    boolean hasAfter() {
        return this != DELETE;
    }
}
