package dev.afterimage.shop.order;

import dev.afterimage.shop.http.Filters;
import dev.afterimage.shop.http.Problem.FieldError;
import dev.afterimage.shop.http.Refusal;
import dev.afterimage.shop.snapshot.SnapshotSource;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.persistence.LockModeType;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import org.hibernate.exception.ConstraintViolationException;
import org.jspecify.annotations.Nullable;

/** All orders. */
@ApplicationScoped
public class Orders implements SnapshotSource<Order> {
    static final String AGGREGATE = "order";
    static final FieldError UNKNOWN_CUSTOMER = new FieldError("customerId", "is not the id of a customer");

    /**
     * The order, its row locked until the transaction ends: changes of one order queue up here, so that commits come in the
     * order of versions and each event's before is the previous one's after.
     */
    Optional<Order> lock(UUID id) {
        return findByIdOptional(id, LockModeType.PESSIMISTIC_WRITE);
    }

    /** The customer's oldest orders that can still be cancelled, locked like one. */
    List<Order> lockCancellable(UUID customerId, int limit) {
        return find("customerId = ?1 and status in (PENDING, PAID) order by id", customerId)
                .withLock(LockModeType.PESSIMISTIC_WRITE)
                .page(0, limit)
                .list();
    }

    /** The order with its items, read by one statement and thus as of one moment. */
    Optional<Order> show(UUID id) {
        return find("from Order o left join fetch o.items where o.id = ?1", id).singleResultOptional();
    }

    /** The newest orders behind that one with their items, read by one statement; a filter that is null lets all pass. */
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
    public List<OrderImage> images(List<Order> all) {
        // by one statement for the items of all
        list("from Order o left join fetch o.items where o in ?1", all);
        return all.stream().map(Order::image).toList();
    }

    /**
     * Writes what this transaction changed, so that the constraints of the tables speak now: they alone know of a customer
     * or a product that another transaction deletes, and asking for the customer beforehand would be a round trip more.
     *
     * @throws Refusal.InvalidFields when the customer or a product does not exist
     */
    void write() {
        try {
            flush();
        } catch (ConstraintViolationException e) {
            throw switch (e.getConstraintName()) {
                case "orders_customer_id_fkey" -> new Refusal.InvalidFields(List.of(UNKNOWN_CUSTOMER));
                case "order_items_product_id_fkey" ->
                    new Refusal.InvalidFields("items", "name a product that has just been deleted");
                case null, default -> e;
            };
        }
    }
}
