package dev.afterimage.shop.order;

import jakarta.validation.constraints.NotNull;
import java.util.UUID;
import org.eclipse.microprofile.openapi.annotations.media.Schema;

/** The body of {@code POST /orders/cancellations}: the customer whose orders are cancelled. */
@Schema(examples = """
        {"customerId": "0199f2a4-7c10-7b3e-9d55-1f0c6a2b8e01"}
        """)
public record CancelOrders(@NotNull UUID customerId) {}
