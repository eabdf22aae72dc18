package dev.afterimage.shop.product;

import dev.afterimage.shop.outbox.Ids;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.transaction.Transactional;
import java.time.Clock;

/** What can be done to products; each command is one transaction. */
@ApplicationScoped
public class ProductCommands {
    private final Products products;
    private final Ids ids;
    private final Clock clock;

    public ProductCommands(Products products, Ids ids, Clock clock) {
        this.products = products;
        this.ids = ids;
        this.clock = clock;
    }

    @Transactional
    public ProductImage offer(OfferProduct request) {
        var product = new Product(ids.next(), request.sku(), request.name(), request.price(), clock.instant());
        products.add(product);
        return product.image();
    }
}
