package dev.afterimage.shop.order;

import dev.afterimage.shop.Refusal;
import dev.afterimage.shop.outbox.Aggregates;
import dev.afterimage.shop.outbox.Image;
import dev.afterimage.shop.web.Filters;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.persistence.LockModeType;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** All orders. */
@ApplicationScoped
public class Orders implements Aggregates<Order> {

    static final String AGGREGATE = "order";
    static final Refusal.Field UNKNOWN_CUSTOMER = new Refusal.Field("customerId", "is not the id of a customer");

    /** Returns the customer's oldest cancellable orders and locks their rows, as {@link #lock} does. */
    List<Order> lockCancellable(UUID customerId, int limit) {
        return find("customerId = ?1 and status in (PENDING, PAID) order by id", customerId)
                .withLock(LockModeType.PESSIMISTIC_WRITE)
                .page(0, limit)
                .list();
    }

    /** Returns the order with its items. One statement reads both, so they are consistent. */
    Optional<Order> show(UUID id) {
        return find("from Order o left join fetch o.items where o.id = ?1", id).singleResultOptional();
    }

    /**
     * Returns orders with their items, the newest first, starting after the id {@code after}. A null filter selects all
     * orders. One statement reads both, so they are consistent.
     */
    List<Order> newest(@Nullable OrderStatus status, @Nullable UUID customerId, @Nullable UUID after, int limit) {
        var filters = new Filters()
                .and("p.status = :status", "status", status)
                .and("p.customerId = :customerId", "customerId", customerId)
                .and("p.id < :after", "after", after);
        return list("""
                from Order o left join fetch o.items
                where o.id in (select p.id from Order p %s order by p.id desc limit %d)
                order by o.id desc
                """.formatted(filters.where(), limit), filters.values());
    }

    @Override
    public String aggregate() {
        return AGGREGATE;
    }

    @Override
    public List<Image> images(List<Order> all) {
        // loads the items of all orders by one statement
        list("from Order o left join fetch o.items where o in ?1", all);
        return Aggregates.super.images(all);
    }

    /**
     * Only the constraints detect a customer or a product that another transaction deletes at the same time. They also
     * save the round trip of a query for the customer.
     */
    @Override
    public Map<String, Refusal> refusals() {
        return Map.of(
                "orders_customer_id_fkey",
                Refusal.invalid(List.of(UNKNOWN_CUSTOMER)),
                "order_items_product_id_fkey",
                Refusal.invalid("items", "name a product that has just been deleted"));
    }
}
