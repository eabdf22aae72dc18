package dev.afterimage.shop.customer;

import dev.afterimage.shop.Reason;
import dev.afterimage.shop.Refusal;
import dev.afterimage.shop.snapshot.SnapshotSource;
import dev.afterimage.shop.web.Filters;
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
     * @throws Refusal when another customer has this email, ignoring case
     * @throws Refusal when the deleted customer still has orders
     */
    void write() {
        try {
            flush();
        } catch (ConstraintViolationException e) {
            throw switch (e.getConstraintName()) {
                case "customers_email_key" ->
                    new Refusal(
                            Reason.DUPLICATE,
                            "Another customer has this email.",
                            Map.of("errors", List.of(new Refusal.Field("email", "must be unique"))));
                case "orders_customer_id_fkey" ->
                    new Refusal(Reason.IN_USE, "The customer has orders: delete these first.", Map.of());
                case null, default -> e;
            };
        }
    }
}
