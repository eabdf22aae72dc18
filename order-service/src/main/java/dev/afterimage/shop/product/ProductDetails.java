package dev.afterimage.shop.product;

import dev.afterimage.shop.web.PlainText;
import jakarta.validation.constraints.DecimalMin;
import jakarta.validation.constraints.Digits;
import jakarta.validation.constraints.NotNull;
import jakarta.validation.constraints.Size;
import java.math.BigDecimal;
import org.eclipse.microprofile.openapi.annotations.media.Schema;

/**
 * The details of a product, the body of {@code POST /products} and {@code PUT /products/{id}}. A price has at most two
 * decimals and may be a JSON number or a string.
 */
@Schema(examples = """
        {"sku": "LAMP-1", "name": "Lamp", "price": "29.90"}
        """)
public record ProductDetails(
        @NotNull @Size(min = 1, max = 64) @PlainText String sku,
        @NotNull @Size(min = 1, max = 200) @PlainText String name,

        @NotNull @DecimalMin("0.00") @Digits(integer = 10, fraction = 2) @Schema(ref = "Price")
        BigDecimal price) {}
