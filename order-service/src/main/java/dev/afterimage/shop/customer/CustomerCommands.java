package dev.afterimage.shop.customer;

import dev.afterimage.shop.Refusal;
import dev.afterimage.shop.outbox.Change;
import dev.afterimage.shop.outbox.Ids;
import dev.afterimage.shop.outbox.Outbox;
import dev.afterimage.shop.web.Caller;
import dev.afterimage.shop.web.Preconditions;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.transaction.Transactional;
import java.time.Clock;
import java.util.UUID;

/** The commands on customers. Each command is one transaction that changes rows and announces the change. */
@ApplicationScoped
public class CustomerCommands {

    private final Customers customers;
    private final Outbox outbox;
    private final Ids ids;
    private final Clock clock;
    private final Caller caller;

    public CustomerCommands(Customers customers, Outbox outbox, Ids ids, Clock clock, Caller caller) {
        this.customers = customers;
        this.outbox = outbox;
        this.ids = ids;
        this.clock = clock;
        this.caller = caller;
    }

    /**
     * Registers a customer.
     *
     * @throws Refusal when another customer has this email, ignoring case
     */
    @Transactional
    public CustomerImage register(CustomerDetails details) {
        var customer = new Customer(ids.next(), details.name(), details.email(), clock.instant());
        customers.persist(customer);
        var registered = customer.image();
        outbox.announce(Change.created(Customers.AGGREGATE, "CustomerRegistered", registered, registered.createdAt()));
        customers.write();
        return registered;
    }

    /**
     * Changes the customer. The same details change nothing and announce nothing.
     *
     * @throws Refusal when there is no such customer
     * @throws Refusal when another customer has this email, ignoring case
     */
    @Transactional
    public CustomerImage change(UUID id, CustomerDetails details, Preconditions conditions) {
        var customer = customers.lock(id, conditions);
        var before = customer.image();
        customer.change(details.name(), details.email(), clock.instant());
        var after = customer.image();
        if (after.version() != before.version()) {
            outbox.announce(Change.updated(Customers.AGGREGATE, "CustomerChanged", before, after, after.updatedAt()));
            customers.write();
        }
        return after;
    }

    /**
     * Deletes the customer. The delete event has its own version; a tombstone follows the event.
     *
     * @throws Refusal when there is no such customer
     * @throws Refusal when the caller is another customer and no admin
     * @throws Refusal when the customer has orders
     */
    @Transactional
    public void delete(UUID id, Preconditions conditions) {
        var customer = customers.lock(id);
        caller.requireOwner(id);
        conditions.check(Customers.AGGREGATE, customer.image().version());
        outbox.announce(Change.deleted(Customers.AGGREGATE, "CustomerDeleted", customer.image(), clock.instant()));
        customers.delete(customer);
        customers.write();
    }
}
