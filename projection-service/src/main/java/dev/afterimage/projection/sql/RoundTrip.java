package dev.afterimage.projection.sql;

import dev.afterimage.projection.sql.Sql.Values;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Statements that the driver sends together, so that they cost one round trip. The database runs them one after another,
 * and none after one that fails.
 */
public final class RoundTrip {

    /** Reads the rows of a statement. */
    @FunctionalInterface
    public interface Rows {

        void read(ResultSet rows) throws SQLException;
    }

    private record Part(
            String sql, List<Values> parameters, @Nullable Rows rows) {}

    private final List<Part> parts = new ArrayList<>();

    /** Adds a statement that returns no rows. */
    public void add(String sql, List<Values> parameters) {
        parts.add(new Part(sql, parameters, null));
    }

    /** Adds a query. Its rows are read when all statements of the round trip have run. */
    public void add(String sql, List<Values> parameters, Rows rows) {
        parts.add(new Part(sql, parameters, rows));
    }

    /** Runs the statements; does nothing if there are none. */
    public void run(Connection connection) throws SQLException {
        if (parts.isEmpty()) {
            return;
        }
        String sql = parts.stream().map(Part::sql).collect(Collectors.joining(";\n"));
        try (PreparedStatement statement = connection.prepareStatement(sql)) {
            int parameter = 1;
            for (Part part : parts) {
                for (Values values : part.parameters()) {
                    statement.setArray(parameter++, connection.createArrayOf(values.type(), values.elements()));
                }
            }
            boolean _ = statement.execute();
            for (Part part : parts) {
                if (part.rows() != null) {
                    part.rows().read(statement.getResultSet());
                }
                boolean _ = statement.getMoreResults();
            }
        }
    }
}
