package dev.afterimage.shop.snapshot;

import jakarta.validation.constraints.NotNull;
import org.eclipse.microprofile.openapi.annotations.media.Schema;

/**
 * The body of {@code POST /snapshots}.
 *
 * @param aggregate the kind of aggregate to re-publish: customer, order or product
 */
@Schema(examples = """
        {"aggregate": "order"}
        """)
public record StartSnapshot(
        @NotNull @Schema(enumeration = {"customer", "order", "product"})
        String aggregate) {}
