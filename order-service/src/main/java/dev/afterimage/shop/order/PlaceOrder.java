package dev.afterimage.shop.order;

import jakarta.validation.Valid;
import jakarta.validation.constraints.NotNull;
import jakarta.validation.constraints.Pattern;
import jakarta.validation.constraints.Size;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * The body of {@code POST /orders}.
 *
 * @param currency three letters as in ISO 4217; null means EUR
 */
public record PlaceOrder(
        @NotNull UUID customerId,

        @Nullable @Pattern(regexp = "[A-Z]{3}", message = "must be three capital letters") String currency,

        @NotNull @Size(min = 1, max = Wanted.MAX_ITEMS) List<@NotNull @Valid Wanted> items) {}
