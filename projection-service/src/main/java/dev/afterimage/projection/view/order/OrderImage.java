package dev.afterimage.projection.view.order;

import com.fasterxml.jackson.annotation.JsonFormat;
import dev.afterimage.projection.change.Image;
import io.quarkus.runtime.annotations.RegisterForReflection;
import java.math.BigDecimal;
import java.time.Instant;
import java.util.List;
import java.util.UUID;

/** The state of an order at one version. */
@RegisterForReflection
public record OrderImage(
        UUID id,
        UUID customerId,
        OrderStatus status,
        String currency,
        @JsonFormat(shape = JsonFormat.Shape.STRING) BigDecimal total,
        List<Item> items,
        Instant createdAt,
        Instant updatedAt,
        long version)
        implements Image {

    public OrderImage {
        items = List.copyOf(items);
    }

    /** One line of the order. The line number is the position in the list, from 1. */
    @RegisterForReflection
    public record Item(
            UUID productId,
            int quantity,
            @JsonFormat(shape = JsonFormat.Shape.STRING) BigDecimal unitPrice,
            @JsonFormat(shape = JsonFormat.Shape.STRING) BigDecimal lineTotal) {}
}
