package dev.afterimage.shop.customer;

import dev.afterimage.shop.outbox.Image;
import java.time.Instant;
import java.util.UUID;

/** The public form of a customer, in REST answers and in events. */
public record CustomerImage(UUID id, String name, String email, Instant createdAt, Instant updatedAt, long version)
        implements Image {}
