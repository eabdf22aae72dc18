package dev.afterimage.shop.customer;

import dev.afterimage.shop.outbox.Image;
import java.time.Instant;
import java.util.UUID;

/** A customer as others see it. */
public record CustomerImage(UUID id, String name, String email, Instant createdAt, Instant updatedAt, long version)
        implements Image {}
