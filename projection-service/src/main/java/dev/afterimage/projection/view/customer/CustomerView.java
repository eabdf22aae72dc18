package dev.afterimage.projection.view.customer;

import dev.afterimage.projection.sql.Sql;
import dev.afterimage.projection.view.RowOrigin;
import dev.afterimage.projection.view.Selection;
import dev.afterimage.projection.view.View;
import io.quarkus.runtime.annotations.RegisterForReflection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.util.UUID;

/** A customer in the read model: its last image, and the event that set it. */
@RegisterForReflection
public record CustomerView(
        UUID id, String name, String email, Instant createdAt, Instant updatedAt, long version, RowOrigin cdc)
        implements View {

    static final Selection<CustomerView> CUSTOMERS =
            new Selection<>("customer", "select * from customers %s", Sql.Reader.ofEach(CustomerView::of));

    private static CustomerView of(ResultSet row) throws SQLException {
        return new CustomerView(
                row.getObject("id", UUID.class),
                row.getString("name"),
                row.getString("email"),
                Sql.instant(row, "created_at"),
                Sql.instant(row, "updated_at"),
                row.getLong("version"),
                RowOrigin.of(row));
    }

    CustomerImage image() {
        return new CustomerImage(id, name, email, createdAt, updatedAt, version);
    }
}
