package dev.afterimage.projection.change;

import java.util.UUID;

/** A record with a null value: the aggregate is deleted. A tombstone has neither version nor time. */
public record Tombstone(String aggregate, UUID id) implements Change {

    @Override
    public String operation() {
        return TOMBSTONE;
    }
}
