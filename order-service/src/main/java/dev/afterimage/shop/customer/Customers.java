package dev.afterimage.shop.customer;

import dev.afterimage.shop.snapshot.SnapshotSource;
import dev.afterimage.shop.web.Filters;
import dev.afterimage.shop.web.ProblemType;
import dev.afterimage.shop.web.Refusal;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.persistence.LockModeType;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import org.hibernate.exception.ConstraintViolationException;
import org.jspecify.annotations.Nullable;

/** All customers. */
@ApplicationScoped
public class Customers implements SnapshotSource<Customer> {
    static final String AGGREGATE = "customer";

    public boolean contains(UUID id) {
        return count("id", id) == 1;
    }

    /**
     * Returns the customer and locks its row until the transaction ends, so that its changes commit in version order.
     */
    Optional<Customer> lock(UUID id) {
        return findByIdOptional(id, LockModeType.PESSIMISTIC_WRITE);
    }

    /**
     * Returns customers, the newest first, starting after the id {@code after}. A null filter selects all customers.
     */
    List<Customer> newest(@Nullable String email, @Nullable UUID after, int limit) {
        var filters = new Filters()
                .and("lower(email) = lower(:email)", "email", email)
                .and("id < :after", "after", after);
        return find("from Customer %s order by id desc".formatted(filters.where()), filters.values())
                .page(0, limit)
                .list();
    }

    @Override
    public String aggregate() {
        return AGGREGATE;
    }

    @Override
    public List<CustomerImage> images(List<Customer> all) {
        return all.stream().map(Customer::image).toList();
    }

    /**
     * Flushes the changes of this transaction, so that the database checks its constraints now.
     *
     * @throws Refusal.Duplicate when another customer has this email, ignoring case
     * @throws Refusal.Conflict when the deleted customer still has orders
     */
    void write() {
        try {
            flush();
        } catch (ConstraintViolationException e) {
            throw switch (e.getConstraintName()) {
                case "customers_email_key" -> new Refusal.Duplicate(AGGREGATE, "email");
                case "orders_customer_id_fkey" ->
                    new Refusal.Conflict(ProblemType.IN_USE, "The customer has orders: delete these first.", Map.of());
                case null, default -> e;
            };
        }
    }
}
