package dev.afterimage.shop.product;

import dev.afterimage.shop.http.Filters;
import dev.afterimage.shop.http.ProblemType;
import dev.afterimage.shop.http.Refusal;
import dev.afterimage.shop.snapshot.SnapshotSource;
import io.quarkus.runtime.annotations.RegisterForReflection;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.persistence.LockModeType;
import java.math.BigDecimal;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.stream.Collectors;
import org.hibernate.exception.ConstraintViolationException;
import org.jspecify.annotations.Nullable;

/** All products. */
@ApplicationScoped
public class Products implements SnapshotSource<Product> {
    static final String AGGREGATE = "product";

    /** What these products cost now; one that does not exist is missing from the map. */
    public Map<UUID, BigDecimal> prices(Collection<UUID> ids) {
        return find("select p.id, p.price from Product p where p.id in ?1", ids).project(Price.class).stream()
                .collect(Collectors.toMap(Price::id, Price::price));
    }

    /** Of a product nothing but this: no entity, whose changes Hibernate would look for at the flush. */
    @RegisterForReflection // Panache instantiates it
    public record Price(UUID id, BigDecimal price) {}

    /** The product, its row locked until the transaction ends, so that its changes commit in the order of versions. */
    Optional<Product> lock(UUID id) {
        return findByIdOptional(id, LockModeType.PESSIMISTIC_WRITE);
    }

    /** The newest products behind that one; a filter that is null lets every product pass. */
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
    public List<ProductImage> images(List<Product> all) {
        return all.stream().map(Product::image).toList();
    }

    /**
     * Writes what this transaction changed, so that the constraints of the tables speak now.
     *
     * @throws Refusal.Duplicate when another product has this sku
     * @throws Refusal.Conflict when a product that orders have in their items is to be deleted
     */
    void write() {
        try {
            flush();
        } catch (ConstraintViolationException e) {
            throw switch (e.getConstraintName()) {
                case "products_sku_key" -> new Refusal.Duplicate(AGGREGATE, "sku");
                case "order_items_product_id_fkey" ->
                    new Refusal.Conflict(
                            ProblemType.IN_USE,
                            "Orders have the product in their items: delete these first.",
                            Map.of());
                case null, default -> e;
            };
        }
    }
}
