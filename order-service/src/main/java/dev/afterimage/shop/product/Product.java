package dev.afterimage.shop.product;

import dev.afterimage.shop.outbox.Aggregates.Aggregate;
import jakarta.persistence.Entity;
import jakarta.persistence.Id;
import jakarta.persistence.Table;
import java.math.BigDecimal;
import java.time.Instant;
import java.util.UUID;

@Entity
@Table(name = "products")
public class Product implements Aggregate {

    @Id
    private UUID id;

    private String sku;
    private String name;
    private BigDecimal price;
    private Instant createdAt;
    private Instant updatedAt;
    private long version;

    protected Product() {}

    Product(UUID id, String sku, String name, BigDecimal price, Instant at) {
        this.id = id;
        this.sku = sku;
        this.name = name;
        this.price = price.setScale(2);
        this.createdAt = at;
        this.updatedAt = at;
        this.version = 1;
    }

    /** Sets the details. The same details change nothing, so a repeated request is harmless. */
    void change(String sku, String name, BigDecimal price, Instant at) {
        var cents = price.setScale(2);
        if (sku.equals(this.sku) && name.equals(this.name) && cents.compareTo(this.price) == 0) {
            return;
        }
        this.sku = sku;
        this.name = name;
        this.price = cents;
        this.updatedAt = at;
        this.version++;
    }

    @Override
    public ProductImage image() {
        return new ProductImage(id, sku, name, price, createdAt, updatedAt, version);
    }
}
