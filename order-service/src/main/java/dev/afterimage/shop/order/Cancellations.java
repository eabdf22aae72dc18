package dev.afterimage.shop.order;

import io.quarkus.runtime.annotations.RegisterForReflection;
import java.util.List;
import java.util.UUID;

/**
 * The answer of {@code POST /orders/cancellations}.
 *
 * @param cancelled the ids of the orders, oldest first
 * @param more whether the customer has more orders that can be cancelled; the client then sends another request, with
 *     another idempotency key
 */
@RegisterForReflection
public record Cancellations(List<UUID> cancelled, boolean more) {

    public Cancellations {
        cancelled = List.copyOf(cancelled);
    }
}
