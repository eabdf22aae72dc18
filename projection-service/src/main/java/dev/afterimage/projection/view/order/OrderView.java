package dev.afterimage.projection.view.order;

import com.fasterxml.jackson.annotation.JsonFormat;
import dev.afterimage.projection.view.Cdc;
import java.math.BigDecimal;
import java.time.Instant;
import java.util.List;
import java.util.UUID;

/** An order as the read model holds it: its last image, and which event that came from. */
public record OrderView(
        UUID id,
        UUID customerId,
        OrderStatus status,
        String currency,
        @JsonFormat(shape = JsonFormat.Shape.STRING) BigDecimal total,
        List<OrderImage.Item> items,
        Instant createdAt,
        Instant updatedAt,
        long version,
        Cdc cdc) {

    public OrderView {
        items = List.copyOf(items);
    }

    OrderImage image() {
        return new OrderImage(id, customerId, status, currency, total, items, createdAt, updatedAt, version);
    }

    OrderView withItems(List<OrderImage.Item> newItems) {
        return new OrderView(id, customerId, status, currency, total, newItems, createdAt, updatedAt, version, cdc);
    }
}
