package dev.afterimage.shop.product;

import dev.afterimage.shop.http.Refusal;
import io.quarkus.hibernate.orm.panache.PanacheRepositoryBase;
import io.quarkus.panache.common.Sort;
import jakarta.enterprise.context.ApplicationScoped;
import java.math.BigDecimal;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.stream.Collectors;
import org.hibernate.exception.ConstraintViolationException;

/** All products. */
@ApplicationScoped
public class Products implements PanacheRepositoryBase<Product, UUID> {

    /** What these products cost now; one that does not exist is missing from the map. */
    public Map<UUID, BigDecimal> prices(Collection<UUID> ids) {
        return list("id in ?1", ids).stream()
                .map(Product::image)
                .collect(Collectors.toMap(ProductImage::id, ProductImage::price));
    }

    List<Product> newest(int limit) {
        return findAll(Sort.descending("id")).page(0, limit).list();
    }

    /** @throws Refusal.Duplicate when another product has this sku */
    void add(Product product) {
        try {
            persistAndFlush(product);
        } catch (ConstraintViolationException e) {
            if ("products_sku_key".equals(e.getConstraintName())) {
                throw new Refusal.Duplicate("product", "sku");
            }
            throw e;
        }
    }
}
