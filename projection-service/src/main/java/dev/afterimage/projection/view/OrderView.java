package dev.afterimage.projection.view;

import com.fasterxml.jackson.annotation.JsonFormat;
import dev.afterimage.projection.change.OrderImage;
import dev.afterimage.projection.change.OrderStatus;
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

    OrderView withItems(List<OrderImage.Item> newItems) {
        return new OrderView(id, customerId, status, currency, total, newItems, createdAt, updatedAt, version, cdc);
    }

    /**
     * Where the row comes from.
     *
     * @param operation the op of the event: c, u or r
     * @param timestamp when the source committed it
     * @param syncedAt when it was applied here
     */
    public record Cdc(String operation, Instant timestamp, Instant syncedAt) {}
}
