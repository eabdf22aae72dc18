package dev.afterimage.projection.change;

import com.fasterxml.jackson.annotation.JsonValue;

/** What happened to the aggregate, in Debezium's letters. */
public enum Operation {
    CREATE("c"),
    UPDATE("u"),
    DELETE("d"),
    /** The current state published once more, to fill a read model that starts empty. */
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
