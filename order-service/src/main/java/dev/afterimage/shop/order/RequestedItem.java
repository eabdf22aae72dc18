package dev.afterimage.shop.order;

import jakarta.validation.constraints.Max;
import jakarta.validation.constraints.Min;
import jakarta.validation.constraints.NotNull;
import java.util.UUID;

/** A line of a request: a product and its quantity. */
public record RequestedItem(
        @NotNull UUID productId,
        @NotNull @Min(1) @Max(10_000) Integer quantity) {

    /** The most lines of an order. */
    static final int MAX_ITEMS = 100;
}
