package dev.afterimage.shop.order;

import com.fasterxml.jackson.annotation.JsonFormat;
import dev.afterimage.shop.outbox.Image;
import java.math.BigDecimal;
import java.time.Instant;
import java.util.List;
import java.util.UUID;

/**
 * The public form of an order, in REST answers and in events. {@code connectors/contract/order.schema.json} fixes its
 * JSON.
 */
public record OrderImage(
        UUID id,
        UUID customerId,
        OrderStatus status,
        String currency,
        @JsonFormat(shape = JsonFormat.Shape.STRING) BigDecimal total,
        List<OrderItem> items,
        Instant createdAt,
        Instant updatedAt,
        long version)
        implements Image {

    public OrderImage {
        items = List.copyOf(items);
    }
}
