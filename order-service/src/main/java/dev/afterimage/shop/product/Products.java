package dev.afterimage.shop.product;

import dev.afterimage.shop.Reason;
import dev.afterimage.shop.Refusal;
import dev.afterimage.shop.outbox.Aggregates;
import dev.afterimage.shop.web.Filters;
import io.quarkus.runtime.annotations.RegisterForReflection;
import jakarta.enterprise.context.ApplicationScoped;
import java.math.BigDecimal;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** All products. */
@ApplicationScoped
public class Products implements Aggregates<Product> {

    static final String AGGREGATE = "product";

    /** The current prices of these products. An unknown product is missing from the map. */
    public Map<UUID, BigDecimal> prices(Collection<UUID> ids) {
        return find("select p.id, p.price from Product p where p.id in ?1", ids).project(Price.class).stream()
                .collect(Collectors.toMap(Price::id, Price::price));
    }

    /** Only the price. It is not an entity, so Hibernate does not check it for changes at the flush. */
    @RegisterForReflection // Panache instantiates it
    public record Price(UUID id, BigDecimal price) {}

    /** Returns products, the newest first, starting after the id {@code after}. A null filter selects all products. */
    List<Product> newest(@Nullable String sku, @Nullable UUID after, int limit) {
        var filters = new Filters().and("sku = :sku", "sku", sku).and("id < :after", "after", after);
        return find("from Product %s order by id desc".formatted(filters.where()), filters.values())
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
                "products_sku_key",
                duplicate("sku"),
                "order_items_product_id_fkey",
                new Refusal(Reason.IN_USE, "Orders contain the product. Delete these orders first.", Map.of()));
    }
}
