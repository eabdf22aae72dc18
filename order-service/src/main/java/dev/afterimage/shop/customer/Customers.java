package dev.afterimage.shop.customer;

import dev.afterimage.shop.http.Refusal;
import io.quarkus.hibernate.orm.panache.PanacheRepositoryBase;
import io.quarkus.panache.common.Sort;
import jakarta.enterprise.context.ApplicationScoped;
import java.util.List;
import java.util.UUID;
import org.hibernate.exception.ConstraintViolationException;

/** All customers. */
@ApplicationScoped
public class Customers implements PanacheRepositoryBase<Customer, UUID> {

    public boolean contains(UUID id) {
        return count("id", id) == 1;
    }

    List<Customer> newest(int limit) {
        return findAll(Sort.descending("id")).page(0, limit).list();
    }

    /** @throws Refusal.Duplicate when another customer has this email, in whatever case */
    void add(Customer customer) {
        try {
            persistAndFlush(customer);
        } catch (ConstraintViolationException e) {
            if ("customers_email_key".equals(e.getConstraintName())) {
                throw new Refusal.Duplicate("customer", "email");
            }
            throw e;
        }
    }
}
