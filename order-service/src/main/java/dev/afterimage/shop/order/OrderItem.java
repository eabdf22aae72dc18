package dev.afterimage.shop.order;

import com.fasterxml.jackson.annotation.JsonFormat;
import jakarta.persistence.Embeddable;
import java.math.BigDecimal;
import java.util.UUID;

/**
 * One line of an order, both in the table and in the image.
 *
 * @param unitPrice the price of the product when it was added to the order, with two decimals
 * @param lineTotal unitPrice times quantity
 */
@Embeddable
public record OrderItem(
        UUID productId,
        int quantity,
        @JsonFormat(shape = JsonFormat.Shape.STRING) BigDecimal unitPrice,
        @JsonFormat(shape = JsonFormat.Shape.STRING) BigDecimal lineTotal) {

    static OrderItem of(UUID productId, int quantity, BigDecimal unitPrice) {
        return new OrderItem(productId, quantity, unitPrice, unitPrice.multiply(BigDecimal.valueOf(quantity)));
    }
}
