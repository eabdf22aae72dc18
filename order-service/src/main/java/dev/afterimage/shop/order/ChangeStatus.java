package dev.afterimage.shop.order;

import jakarta.validation.constraints.NotNull;

/** The body of {@code PUT /orders/{id}/status}. */
public record ChangeStatus(@NotNull OrderStatus status) {}
