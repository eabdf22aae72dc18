package dev.afterimage.shop.order;

import io.quarkus.hibernate.orm.panache.PanacheRepositoryBase;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.persistence.LockModeType;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** All orders. */
@ApplicationScoped
public class Orders implements PanacheRepositoryBase<Order, UUID> {

    /**
     * The order, its row locked until the transaction ends: changes of one order queue up here, so that commits come in the
     * order of versions and each event's before is the previous one's after.
     */
    Optional<Order> lock(UUID id) {
        return findByIdOptional(id, LockModeType.PESSIMISTIC_WRITE);
    }

    /** The order with its items, read by one statement and thus as of one moment. */
    Optional<Order> show(UUID id) {
        return find("from Order o left join fetch o.items where o.id = ?1", id).singleResultOptional();
    }

    /** The newest orders with their items, read by one statement; a filter that is null lets every order pass. */
    List<Order> newest(@Nullable OrderStatus status, @Nullable UUID customerId, int limit) {
        var filters = new ArrayList<String>();
        Map<String, Object> values = new HashMap<>();
        if (status != null) {
            filters.add("p.status = :status");
            values.put("status", status);
        }
        if (customerId != null) {
            filters.add("p.customerId = :customerId");
            values.put("customerId", customerId);
        }
        values.put("limit", limit);
        var where = filters.isEmpty() ? "" : "where " + String.join(" and ", filters);
        return list("""
                from Order o left join fetch o.items
                where o.id in (select p.id from Order p %s order by p.id desc limit :limit)
                order by o.id desc
                """.formatted(where), values);
    }
}
