package dev.afterimage.shop.product;

import com.fasterxml.jackson.annotation.JsonFormat;
import dev.afterimage.shop.outbox.Image;
import java.math.BigDecimal;
import java.time.Instant;
import java.util.UUID;

/** The public form of a product, in REST answers and in events. */
public record ProductImage(
        UUID id,
        String sku,
        String name,
        @JsonFormat(shape = JsonFormat.Shape.STRING) BigDecimal price,
        Instant createdAt,
        Instant updatedAt,
        long version)
        implements Image {}
