package dev.afterimage.shop.customer;

import dev.afterimage.shop.Reason;
import dev.afterimage.shop.Refusal;
import dev.afterimage.shop.outbox.Aggregates;
import dev.afterimage.shop.web.Filters;
import jakarta.enterprise.context.ApplicationScoped;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** All customers. */
@ApplicationScoped
public class Customers implements Aggregates<Customer> {

    static final String AGGREGATE = "customer";

    public boolean contains(UUID id) {
        return count("id", id) == 1;
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
    public Map<String, Refusal> refusals() {
        return Map.of(
                "customers_email_key",
                duplicate("email"),
                "orders_customer_id_fkey",
                new Refusal(Reason.IN_USE, "The customer has orders. Delete these orders first.", Map.of()));
    }
}
