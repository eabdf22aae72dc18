package dev.afterimage.shop.order;

import jakarta.validation.constraints.NotNull;
import org.eclipse.microprofile.openapi.annotations.media.Schema;

/** The body of {@code PUT /orders/{id}/status}. */
@Schema(examples = """
        {"status": "PAID"}
        """)
public record ChangeStatus(@NotNull OrderStatus status) {}
