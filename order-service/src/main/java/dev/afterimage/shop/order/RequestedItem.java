package dev.afterimage.shop.order;

import jakarta.validation.constraints.Max;
import jakarta.validation.constraints.Min;
import jakarta.validation.constraints.NotNull;
import java.util.UUID;

/** So many pieces of a product, as a client orders them. */
public record RequestedItem(
        @NotNull UUID productId,
        @NotNull @Min(1) @Max(10_000) Integer quantity) {
    /** As many lines as an order may have. */
    static final int MAX_ITEMS = 100;
}
