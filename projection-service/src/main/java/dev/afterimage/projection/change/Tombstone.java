package dev.afterimage.projection.change;

import java.util.UUID;

/** A null value: the aggregate is gone. It carries neither version nor time. */
public record Tombstone(String aggregate, UUID id) implements Change {}
