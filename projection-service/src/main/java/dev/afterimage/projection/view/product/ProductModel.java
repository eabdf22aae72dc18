package dev.afterimage.projection.view.product;

import dev.afterimage.projection.change.Fields;
import dev.afterimage.projection.change.MalformedRecord;
import dev.afterimage.projection.sql.RoundTrip;
import dev.afterimage.projection.sql.Sql.Column;
import dev.afterimage.projection.view.ReadModel;
import jakarta.annotation.Priority;
import jakarta.enterprise.context.ApplicationScoped;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.UUID;

/** Writes events into {@code products}. */
@ApplicationScoped
@Priority(1) // the place of its topic in the feed
public class ProductModel extends ReadModel<ProductImage> {

    public ProductModel() {
        super(
                "product",
                List.of(
                        new Column<>("id", "uuid", ProductImage::id),
                        new Column<>("sku", "text", ProductImage::sku),
                        new Column<>("name", "text", ProductImage::name),
                        new Column<>("price", "numeric", ProductImage::price),
                        new Column<>("created_at", "timestamptz", ProductImage::createdAt),
                        new Column<>("updated_at", "timestamptz", ProductImage::updatedAt),
                        new Column<>("version", "int8", ProductImage::version)));
    }

    @Override
    public ProductImage read(Fields image) throws MalformedRecord {
        return new ProductImage(
                image.uuid("id"),
                image.text("sku", 64),
                image.text("name", 200),
                image.money("price"),
                image.instant("createdAt"),
                image.instant("updatedAt"),
                image.version("version"));
    }

    @Override
    protected void lock(RoundTrip reads, Collection<UUID> ids, Map<UUID, ProductImage> stored) {
        ProductView.PRODUCTS.lock(reads, ids, product -> stored.put(product.id(), product.image()));
    }
}
