package dev.afterimage.projection.audit;

import com.fasterxml.jackson.annotation.JsonValue;
import java.util.Locale;

/** A database that has the rows. */
public enum Side {
    SOURCE,
    READ_MODEL,
    REPLICA;

    @JsonValue
    public String label() {
        return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }
}
