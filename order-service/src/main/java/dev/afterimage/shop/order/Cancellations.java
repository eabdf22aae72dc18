package dev.afterimage.shop.order;

import io.quarkus.runtime.annotations.RegisterForReflection;
import java.util.List;
import java.util.UUID;

/**
 * The answer of {@code POST /orders/cancellations}.
 *
 * @param cancelled the ids of the orders, oldest first
 * @param more whether the customer has further orders that can be cancelled: ask again, with another key
 */
@RegisterForReflection
public record Cancellations(List<UUID> cancelled, boolean more) {
    public Cancellations {
        cancelled = List.copyOf(cancelled);
    }
}
