package dev.afterimage.shop.product;

import com.fasterxml.jackson.annotation.JsonFormat;
import dev.afterimage.shop.outbox.Image;
import java.math.BigDecimal;
import java.time.Instant;
import java.util.UUID;

/** A product as others see it. */
public record ProductImage(
        UUID id,
        String sku,
        String name,
        @JsonFormat(shape = JsonFormat.Shape.STRING) BigDecimal price,
        Instant createdAt,
        Instant updatedAt,
        long version)
        implements Image {}
