package dev.afterimage.shop.order;

import jakarta.validation.constraints.NotNull;
import java.util.UUID;

/** The body of {@code POST /orders/cancellations}: whose orders to cancel. */
public record CancelOrders(@NotNull UUID customerId) {}
