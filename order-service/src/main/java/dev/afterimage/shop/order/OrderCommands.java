package dev.afterimage.shop.order;

import dev.afterimage.shop.customer.Customers;
import dev.afterimage.shop.http.Problem.FieldError;
import dev.afterimage.shop.http.Refusal;
import dev.afterimage.shop.outbox.Change;
import dev.afterimage.shop.outbox.Ids;
import dev.afterimage.shop.outbox.Outbox;
import dev.afterimage.shop.product.Products;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.transaction.Transactional;
import java.time.Clock;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.UUID;
import java.util.stream.Collectors;

/** What can be done to orders; each command is one transaction that also announces what it changed. */
@ApplicationScoped
public class OrderCommands {
    private static final String AGGREGATE = "order";
    private static final String DEFAULT_CURRENCY = "EUR";

    private final Orders orders;
    private final Customers customers;
    private final Products products;
    private final Outbox outbox;
    private final Ids ids;
    private final Clock clock;

    public OrderCommands(Orders orders, Customers customers, Products products, Outbox outbox, Ids ids, Clock clock) {
        this.orders = orders;
        this.customers = customers;
        this.products = products;
        this.outbox = outbox;
        this.ids = ids;
        this.clock = clock;
    }

    /**
     * Places an order at the prices that the products have now.
     *
     * @throws Refusal.InvalidFields when the customer or a product does not exist, or the total is too much
     */
    @Transactional
    public OrderImage place(PlaceOrder request) {
        var items = priced(request);
        var currency = Objects.requireNonNullElse(request.currency(), DEFAULT_CURRENCY);
        var order = Order.place(ids.next(), request.customerId(), currency, items, clock.instant());
        orders.persist(order);
        var placed = order.image();
        outbox.announce(Change.created(AGGREGATE, "OrderPlaced", placed, placed.createdAt()));
        return placed;
    }

    /**
     * Moves the order to the status; one that it already has is no change and announces nothing.
     *
     * @throws Refusal.UnknownId when there is no such order
     * @throws TransitionNotAllowed when its status does not lead there
     */
    @Transactional
    public OrderImage changeStatus(UUID id, OrderStatus status) {
        var order = locked(id);
        var before = order.image();
        order.become(status, clock.instant());
        var after = order.image();
        if (after.version() != before.version()) {
            outbox.announce(Change.updated(AGGREGATE, "OrderStatusChanged", before, after, after.updatedAt()));
        }
        return after;
    }

    /**
     * Deletes the order; its event carries a version of its own, and a tombstone follows it.
     *
     * @throws Refusal.UnknownId when there is no such order
     */
    @Transactional
    public void delete(UUID id) {
        var order = locked(id);
        outbox.announce(Change.deleted(AGGREGATE, "OrderDeleted", order.image(), clock.instant()));
        orders.delete(order);
    }

    private Order locked(UUID id) {
        return orders.lock(id).orElseThrow(() -> new Refusal.UnknownId(AGGREGATE, id));
    }

    private List<OrderItem> priced(PlaceOrder request) {
        var unknown = new ArrayList<FieldError>();
        if (!customers.contains(request.customerId())) {
            unknown.add(new FieldError("customerId", "is not the id of a customer"));
        }
        var prices = products.prices(
                request.items().stream().map(PlaceOrder.Item::productId).collect(Collectors.toSet()));
        var items = new ArrayList<OrderItem>();
        for (var position = 0; position < request.items().size(); position++) {
            var item = request.items().get(position);
            var price = prices.get(item.productId());
            if (price == null) {
                unknown.add(new FieldError("items[%d].productId".formatted(position), "is not the id of a product"));
            } else {
                items.add(OrderItem.of(item.productId(), item.quantity(), price));
            }
        }
        if (!unknown.isEmpty()) {
            throw new Refusal.InvalidFields(unknown);
        }
        return items;
    }
}
