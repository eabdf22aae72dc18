package dev.afterimage.projection.view;

import dev.afterimage.projection.sql.Sql;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.Collection;
import java.util.List;
import java.util.UUID;

/**
 * A query for aggregates of one kind in the read model.
 *
 * @param aggregate such as {@code order}
 * @param sql one statement; {@code %s} stands for the conditions, the order and the limit
 */
public record Selection<V extends View>(String aggregate, String sql, Sql.Reader<V> reader) {

    /** Returns the existing aggregates among these ids and locks their rows until the caller's transaction ends. */
    public List<V> lock(Connection connection, Collection<UUID> ids) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(sql("where id = any (?) for update"))) {
            Sql.setArray(statement, 1, "uuid", ids, id -> id);
            try (ResultSet rows = statement.executeQuery()) {
                return reader.read(rows);
            }
        }
    }

    String sql(String which) {
        return sql.formatted(which);
    }
}
