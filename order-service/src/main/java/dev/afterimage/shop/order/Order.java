package dev.afterimage.shop.order;

import dev.afterimage.shop.Reason;
import dev.afterimage.shop.Refusal;
import dev.afterimage.shop.outbox.Aggregates.Aggregate;
import jakarta.persistence.CollectionTable;
import jakarta.persistence.ElementCollection;
import jakarta.persistence.Entity;
import jakarta.persistence.EnumType;
import jakarta.persistence.Enumerated;
import jakarta.persistence.Id;
import jakarta.persistence.JoinColumn;
import jakarta.persistence.OrderColumn;
import jakarta.persistence.Table;
import java.math.BigDecimal;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.UUID;

/** An order. It changes by transitions only. Each transition checks that it is allowed and increments the version. */
@Entity
@Table(name = "orders")
public class Order implements Aggregate {

    /** The largest total that the column numeric(14, 2) holds. */
    static final BigDecimal MAX_TOTAL = new BigDecimal("999999999999.99");

    @Id
    private UUID id;

    private UUID customerId;

    @Enumerated(EnumType.STRING)
    private OrderStatus status;

    private String currency;
    private BigDecimal total;

    // Lazy on purpose: a join that locks the order's row could return items as they were before the wait for the lock.
    @ElementCollection
    @CollectionTable(name = "order_items", joinColumns = @JoinColumn(name = "order_id"))
    @OrderColumn(name = "position")
    private List<OrderItem> items;

    private Instant createdAt;
    private Instant updatedAt;
    private long version;

    protected Order() {}

    private Order(UUID id, UUID customerId, String currency, BigDecimal total, List<OrderItem> items, Instant at) {
        this.id = id;
        this.customerId = customerId;
        this.status = OrderStatus.PENDING;
        this.currency = currency;
        this.total = total;
        this.items = new ArrayList<>(items);
        this.createdAt = at;
        this.updatedAt = at;
        this.version = 1;
    }

    /** @throws Refusal when the total is more than an order can hold */
    static Order place(UUID id, UUID customerId, String currency, List<OrderItem> items, Instant at) {
        return new Order(id, customerId, currency, total(items), items, at);
    }

    private static BigDecimal total(List<OrderItem> items) {
        var total = items.stream().map(OrderItem::lineTotal).reduce(BigDecimal.ZERO, BigDecimal::add);
        if (total.compareTo(MAX_TOTAL) > 0) {
            throw Refusal.invalid("items", "must not cost more than %s in total".formatted(MAX_TOTAL));
        }
        return total;
    }

    /**
     * Replaces the lines. The same lines change nothing, so a repeated request is harmless.
     *
     * @throws Refusal when the order is no longer PENDING
     * @throws Refusal when the total is more than an order can hold
     */
    void changeItems(List<OrderItem> wanted, Instant at) {
        if (status != OrderStatus.PENDING) {
            throw new Refusal(
                    Reason.ITEMS_FIXED,
                    "The items of an order that is %s no longer change.".formatted(status),
                    Map.of("orderStatus", status));
        }
        if (wanted.equals(lines())) {
            return;
        }
        total = total(wanted);
        items.clear();
        items.addAll(wanted);
        updatedAt = at;
        version++;
    }

    /**
     * Sets the status. The current status changes nothing, so a repeated request is harmless.
     *
     * @throws Refusal when the current status does not allow this transition
     */
    void become(OrderStatus next, Instant at) {
        if (next == status) {
            return;
        }
        if (!status.mayBecome(next)) {
            throw new Refusal(
                    Reason.TRANSITION_NOT_ALLOWED,
                    "An order that is %s cannot become %s.".formatted(status, next),
                    Map.of("from", status, "to", next));
        }
        status = next;
        updatedAt = at;
        version++;
    }

    UUID customerId() {
        return customerId;
    }

    @Override
    public OrderImage image() {
        return new OrderImage(id, customerId, status, currency, total, lines(), createdAt, updatedAt, version);
    }

    /**
     * The lines without nulls: Hibernate reads null for a position without a row, for example after a row was deleted
     * by SQL.
     */
    private List<OrderItem> lines() {
        return items.stream().filter(Objects::nonNull).toList();
    }
}
