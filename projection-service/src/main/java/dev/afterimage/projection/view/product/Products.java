package dev.afterimage.projection.view.product;

import dev.afterimage.projection.sql.Sql;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.UUID;

/** The products of the read model. */
final class Products {

    private Products() {}

    /** Those of these products that there are, locked until the caller's transaction ends. */
    static List<ProductView> lock(Connection connection, Collection<UUID> ids) throws SQLException {
        try (PreparedStatement statement =
                connection.prepareStatement("select * from products where id = any (?) for update")) {
            Sql.setArray(statement, 1, "uuid", ids, id -> id);
            List<ProductView> found = new ArrayList<>();
            try (ResultSet row = statement.executeQuery()) {
                while (row.next()) {
                    found.add(ProductView.of(row));
                }
            }
            return found;
        }
    }
}
