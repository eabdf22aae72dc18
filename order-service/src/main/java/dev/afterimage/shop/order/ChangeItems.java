package dev.afterimage.shop.order;

import jakarta.validation.Valid;
import jakarta.validation.constraints.NotNull;
import jakarta.validation.constraints.Size;
import java.util.List;
import org.eclipse.microprofile.openapi.annotations.media.Schema;

/** The body of {@code PUT /orders/{id}/items}: the new lines, which replace all lines of the order. */
@Schema(examples = """
        {"items": [{"productId": "0199f2a4-7c10-7b3e-9d55-1f0c6a2b8e02", "quantity": 3}]}
        """)
public record ChangeItems(
        @NotNull @Size(min = 1, max = RequestedItem.MAX_ITEMS) List<@NotNull @Valid RequestedItem> items) {}
