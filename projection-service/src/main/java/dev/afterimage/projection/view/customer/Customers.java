package dev.afterimage.projection.view.customer;

import dev.afterimage.projection.sql.Sql;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.UUID;

/** The customers of the read model. */
final class Customers {

    private Customers() {}

    /** Those of these customers that there are, locked until the caller's transaction ends. */
    static List<CustomerView> lock(Connection connection, Collection<UUID> ids) throws SQLException {
        try (PreparedStatement statement =
                connection.prepareStatement("select * from customers where id = any (?) for update")) {
            Sql.setArray(statement, 1, "uuid", ids, id -> id);
            List<CustomerView> found = new ArrayList<>();
            try (ResultSet row = statement.executeQuery()) {
                while (row.next()) {
                    found.add(CustomerView.of(row));
                }
            }
            return found;
        }
    }
}
