package dev.afterimage.shop.customer;

import dev.afterimage.shop.outbox.Ids;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.transaction.Transactional;
import java.time.Clock;

/** What can be done to customers; each command is one transaction. */
@ApplicationScoped
public class CustomerCommands {
    private final Customers customers;
    private final Ids ids;
    private final Clock clock;

    public CustomerCommands(Customers customers, Ids ids, Clock clock) {
        this.customers = customers;
        this.ids = ids;
        this.clock = clock;
    }

    @Transactional
    public CustomerImage register(RegisterCustomer request) {
        var customer = new Customer(ids.next(), request.name(), request.email(), clock.instant());
        customers.add(customer);
        return customer.image();
    }
}
