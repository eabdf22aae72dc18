package dev.afterimage.projection.view.order;

/** The statuses an order can have. */
public enum OrderStatus {
    PENDING,
    PAID,
    SHIPPED,
    DELIVERED,
    CANCELLED
}
