package dev.afterimage.shop.product;

import dev.afterimage.shop.Refusal;
import dev.afterimage.shop.outbox.Change;
import dev.afterimage.shop.outbox.Ids;
import dev.afterimage.shop.outbox.Outbox;
import dev.afterimage.shop.web.Preconditions;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.transaction.Transactional;
import java.time.Clock;
import java.util.UUID;

/** The commands on products. Each command is one transaction that changes rows and announces the change. */
@ApplicationScoped
public class ProductCommands {

    private final Products products;
    private final Outbox outbox;
    private final Ids ids;
    private final Clock clock;

    public ProductCommands(Products products, Outbox outbox, Ids ids, Clock clock) {
        this.products = products;
        this.outbox = outbox;
        this.ids = ids;
        this.clock = clock;
    }

    /**
     * Adds a product.
     *
     * @throws Refusal when another product has this sku
     */
    @Transactional
    public ProductImage offer(ProductDetails details) {
        var product = new Product(ids.next(), details.sku(), details.name(), details.price(), clock.instant());
        products.persist(product);
        var offered = product.image();
        outbox.announce(Change.created(Products.AGGREGATE, "ProductOffered", offered, offered.createdAt()));
        products.write();
        return offered;
    }

    /**
     * Changes the product. The same details change nothing and announce nothing.
     *
     * @throws Refusal when there is no such product
     * @throws Refusal when another product has this sku
     */
    @Transactional
    public ProductImage change(UUID id, ProductDetails details, Preconditions conditions) {
        var product = products.lock(id, conditions);
        var before = product.image();
        product.change(details.sku(), details.name(), details.price(), clock.instant());
        var after = product.image();
        if (after.version() != before.version()) {
            outbox.announce(Change.updated(Products.AGGREGATE, "ProductChanged", before, after, after.updatedAt()));
            products.write();
        }
        return after;
    }

    /**
     * Deletes the product. The delete event has its own version; a tombstone follows the event.
     *
     * @throws Refusal when there is no such product
     * @throws Refusal when an order contains the product
     */
    @Transactional
    public void delete(UUID id, Preconditions conditions) {
        var product = products.lock(id, conditions);
        outbox.announce(Change.deleted(Products.AGGREGATE, "ProductDeleted", product.image(), clock.instant()));
        products.delete(product);
        products.write();
    }
}
