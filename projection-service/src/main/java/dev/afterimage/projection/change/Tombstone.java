package dev.afterimage.projection.change;

import java.time.Instant;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** A record with a null value: the aggregate is deleted. A tombstone has neither version nor time. */
public record Tombstone(String aggregate, UUID id) implements Change {

    @Override
    public String operation() {
        return TOMBSTONE;
    }

    @Override
    public @Nullable Instant committedAt() {
        return null;
    }

    @Override
    public Envelope.@Nullable Raw raw() {
        return null;
    }
}
