package dev.afterimage.peer;

import jakarta.persistence.CascadeType;
import jakarta.persistence.Entity;
import jakarta.persistence.GeneratedValue;
import jakarta.persistence.Id;
import jakarta.persistence.JoinColumn;
import jakarta.persistence.OneToMany;
import java.math.BigDecimal;
import java.time.Instant;
import java.util.List;
import java.util.UUID;

/** An order and its lines. Nothing checks the customer, the products and the price. */
@Entity
public class PurchaseOrder {

    @Id
    @GeneratedValue
    long id;

    UUID customerId;
    Instant orderDate;

    @OneToMany(cascade = CascadeType.ALL)
    @JoinColumn(name = "order_id", nullable = false)
    List<Line> lines;

    protected PurchaseOrder() {}

    PurchaseOrder(UUID customerId, List<Line> lines) {
        this.customerId = customerId;
        this.orderDate = Instant.now();
        this.lines = lines;
    }

    @Entity(name = "order_line")
    static class Line {

        @Id
        @GeneratedValue
        long id;

        UUID productId;
        int quantity;
        BigDecimal totalPrice;

        protected Line() {}

        Line(UUID productId, int quantity, BigDecimal price) {
            this.productId = productId;
            this.quantity = quantity;
            this.totalPrice = price.multiply(BigDecimal.valueOf(quantity));
        }
    }
}
