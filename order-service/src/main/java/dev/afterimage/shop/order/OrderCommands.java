package dev.afterimage.shop.order;

import dev.afterimage.shop.Refusal;
import dev.afterimage.shop.customer.Customers;
import dev.afterimage.shop.outbox.Change;
import dev.afterimage.shop.outbox.Ids;
import dev.afterimage.shop.outbox.Outbox;
import dev.afterimage.shop.product.Products;
import dev.afterimage.shop.web.Caller;
import dev.afterimage.shop.web.Preconditions;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.transaction.Transactional;
import java.math.BigDecimal;
import java.time.Clock;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.UUID;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/** The commands on orders. Each command is one transaction that changes rows and announces the change. */
@ApplicationScoped
public class OrderCommands {

    private static final String DEFAULT_CURRENCY = "EUR";
    /** Limits one transaction, so that the answer comes quickly and other writers wait only briefly. */
    private static final int MAX_CANCELLATIONS = 100;

    private final Orders orders;
    private final Customers customers;
    private final Products products;
    private final Outbox outbox;
    private final Ids ids;
    private final Clock clock;
    private final Caller caller;

    public OrderCommands(
            Orders orders, Customers customers, Products products, Outbox outbox, Ids ids, Clock clock, Caller caller) {
        this.orders = orders;
        this.customers = customers;
        this.products = products;
        this.outbox = outbox;
        this.ids = ids;
        this.clock = clock;
        this.caller = caller;
    }

    /**
     * Places an order at the current prices of the products.
     *
     * @throws Refusal when the customer or a product does not exist, or the total is too much
     */
    @Transactional
    public OrderImage place(PlaceOrder request) {
        var prices = products.prices(productIds(request.items()));
        var unknown = unknownProducts(request.items(), prices);
        if (!unknown.isEmpty() && !customers.contains(request.customerId())) {
            unknown.addFirst(Orders.UNKNOWN_CUSTOMER);
        }
        var items = priced(request.items(), prices, unknown);
        var currency = Objects.requireNonNullElse(request.currency(), DEFAULT_CURRENCY);
        var order = Order.place(ids.next(), request.customerId(), currency, items, clock.instant());
        orders.persist(order);
        var placed = order.image();
        outbox.announce(Change.created(Orders.AGGREGATE, "OrderPlaced", placed, placed.createdAt()));
        orders.write();
        return placed;
    }

    /**
     * Replaces the lines of the order. A product that the order already has keeps its price; a new product gets its
     * current price. The same lines change nothing and announce nothing.
     *
     * @throws Refusal when there is no such order
     * @throws Refusal when the order is no longer PENDING
     * @throws Refusal when a product does not exist, or the total is too much
     */
    @Transactional
    public OrderImage changeItems(UUID id, List<RequestedItem> wanted, Preconditions conditions) {
        var order = orders.lock(id, conditions);
        var before = order.image();
        var prices = before.items().stream()
                .collect(Collectors.toMap(OrderItem::productId, OrderItem::unitPrice, (price, same) -> price));
        var added = productIds(wanted);
        added.removeAll(prices.keySet());
        if (!added.isEmpty()) {
            prices.putAll(products.prices(added));
        }
        order.changeItems(priced(wanted, prices, unknownProducts(wanted, prices)), clock.instant());
        return announced("OrderItemsChanged", before, order);
    }

    /**
     * Sets the status of the order. The current status changes nothing and announces nothing.
     *
     * @throws Refusal when there is no such order
     * @throws Refusal when the current status does not allow this transition
     */
    @Transactional
    public OrderImage changeStatus(UUID id, OrderStatus status, Preconditions conditions) {
        var order = orders.lock(id, conditions);
        var before = order.image();
        order.become(status, clock.instant());
        return announced("OrderStatusChanged", before, order);
    }

    /**
     * Cancels the customer's oldest cancellable orders, at most {@value #MAX_CANCELLATIONS}: all of these or none. Each
     * has its own event.
     *
     * @throws Refusal when the customer does not exist
     */
    @Transactional
    public Cancellations cancel(UUID customerId) {
        var found = orders.lockCancellable(customerId, MAX_CANCELLATIONS + 1);
        if (found.isEmpty() && !customers.contains(customerId)) {
            throw Refusal.invalid(List.of(Orders.UNKNOWN_CUSTOMER));
        }
        var now = clock.instant();
        var cancelled = found.stream()
                .limit(MAX_CANCELLATIONS)
                .map(order -> {
                    var before = order.image();
                    order.become(OrderStatus.CANCELLED, now);
                    return announced("OrderStatusChanged", before, order).id();
                })
                .toList();
        return new Cancellations(cancelled, found.size() > MAX_CANCELLATIONS);
    }

    /**
     * Deletes the order. The delete event has its own version; a tombstone follows the event.
     *
     * @throws Refusal when there is no such order
     * @throws Refusal when the order belongs to another customer and the caller is no admin
     */
    @Transactional
    public void delete(UUID id, Preconditions conditions) {
        var order = orders.lock(id);
        caller.requireOwner(order.customerId());
        conditions.check(Orders.AGGREGATE, order.image().version());
        outbox.announce(Change.deleted(Orders.AGGREGATE, "OrderDeleted", order.image(), clock.instant()));
        orders.delete(order);
        orders.write();
    }

    private OrderImage announced(String eventType, OrderImage before, Order order) {
        var after = order.image();
        if (after.version() != before.version()) {
            outbox.announce(Change.updated(Orders.AGGREGATE, eventType, before, after, after.updatedAt()));
            orders.write();
        }
        return after;
    }

    private static Set<UUID> productIds(List<RequestedItem> wanted) {
        return wanted.stream().map(RequestedItem::productId).collect(Collectors.toSet());
    }

    private static List<Refusal.Field> unknownProducts(List<RequestedItem> wanted, Map<UUID, BigDecimal> prices) {
        return IntStream.range(0, wanted.size())
                .filter(line -> !prices.containsKey(wanted.get(line).productId()))
                .mapToObj(
                        line -> new Refusal.Field("items[%d].productId".formatted(line), "is not the id of a product"))
                .collect(Collectors.toCollection(ArrayList::new));
    }

    private static List<OrderItem> priced(
            List<RequestedItem> wanted, Map<UUID, BigDecimal> prices, List<Refusal.Field> unknown) {
        if (!unknown.isEmpty()) {
            throw Refusal.invalid(unknown);
        }
        return wanted.stream()
                .map(line -> OrderItem.of(
                        line.productId(), line.quantity(), Objects.requireNonNull(prices.get(line.productId()))))
                .toList();
    }
}
