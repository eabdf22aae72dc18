package dev.afterimage.projection.view.customer;

import dev.afterimage.projection.change.Image;
import io.quarkus.runtime.annotations.RegisterForReflection;
import java.time.Instant;
import java.util.UUID;

/** The state of a customer at one version. */
@RegisterForReflection
public record CustomerImage(UUID id, String name, String email, Instant createdAt, Instant updatedAt, long version)
        implements Image {}
