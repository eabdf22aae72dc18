package dev.afterimage.projection.change;

/** The statuses an order can have. */
public enum OrderStatus {
    PENDING,
    PAID,
    SHIPPED,
    DELIVERED,
    CANCELLED
}
