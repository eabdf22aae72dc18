package dev.afterimage.projection.view.product;

import com.fasterxml.jackson.annotation.JsonFormat;
import dev.afterimage.projection.change.Image;
import io.quarkus.runtime.annotations.RegisterForReflection;
import java.math.BigDecimal;
import java.time.Instant;
import java.util.UUID;

/** The state of a product at one version. */
@RegisterForReflection
public record ProductImage(
        UUID id,
        String sku,
        String name,
        @JsonFormat(shape = JsonFormat.Shape.STRING) BigDecimal price,
        Instant createdAt,
        Instant updatedAt,
        long version)
        implements Image {}
