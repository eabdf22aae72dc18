package dev.afterimage.shop.order;

/** The status of an order: PENDING, PAID, SHIPPED, DELIVERED in this sequence, or CANCELLED before it is SHIPPED. */
public enum OrderStatus {
    PENDING,
    PAID,
    SHIPPED,
    DELIVERED,
    CANCELLED;

    boolean mayBecome(OrderStatus next) {
        return switch (this) {
            case PENDING -> next == PAID || next == CANCELLED;
            case PAID -> next == SHIPPED || next == CANCELLED;
            case SHIPPED -> next == DELIVERED;
            case DELIVERED, CANCELLED -> false;
        };
    }
}
