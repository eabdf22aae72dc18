package dev.afterimage.shop.order;

import jakarta.validation.Valid;
import jakarta.validation.constraints.NotNull;
import jakarta.validation.constraints.Pattern;
import jakarta.validation.constraints.Size;
import java.util.List;
import java.util.UUID;
import org.eclipse.microprofile.openapi.annotations.media.Schema;
import org.jspecify.annotations.Nullable;

/**
 * The body of {@code POST /orders}.
 *
 * @param currency three letters as in ISO 4217; null means EUR
 */
@Schema(examples = """
        {"customerId": "0199f2a4-7c10-7b3e-9d55-1f0c6a2b8e01",
         "items": [{"productId": "0199f2a4-7c10-7b3e-9d55-1f0c6a2b8e02", "quantity": 2}]}
        """)
public record PlaceOrder(
        @NotNull UUID customerId,

        @Nullable @Schema(defaultValue = "EUR")
        @Pattern(regexp = "^[A-Z]{3}$", message = "must be three capital letters") String currency,

        @NotNull @Size(min = 1, max = RequestedItem.MAX_ITEMS) List<@NotNull @Valid RequestedItem> items) {}
