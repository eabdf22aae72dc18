package dev.afterimage.projection.view.product;

import com.fasterxml.jackson.annotation.JsonFormat;
import dev.afterimage.projection.sql.Sql;
import dev.afterimage.projection.view.RowOrigin;
import dev.afterimage.projection.view.Selection;
import dev.afterimage.projection.view.View;
import io.quarkus.runtime.annotations.RegisterForReflection;
import java.math.BigDecimal;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.util.UUID;

/** A product in the read model: its last image, and the event that set it. */
@RegisterForReflection
public record ProductView(
        UUID id,
        String sku,
        String name,
        @JsonFormat(shape = JsonFormat.Shape.STRING) BigDecimal price,
        Instant createdAt,
        Instant updatedAt,
        long version,
        RowOrigin cdc)
        implements View {

    static final Selection<ProductView> PRODUCTS =
            new Selection<>("product", "select * from products %s", Sql.Reader.ofEach(ProductView::of));

    private static ProductView of(ResultSet row) throws SQLException {
        return new ProductView(
                row.getObject("id", UUID.class),
                row.getString("sku"),
                row.getString("name"),
                row.getBigDecimal("price"),
                Sql.instant(row, "created_at"),
                Sql.instant(row, "updated_at"),
                row.getLong("version"),
                RowOrigin.of(row));
    }

    ProductImage image() {
        return new ProductImage(id, sku, name, price, createdAt, updatedAt, version);
    }
}
