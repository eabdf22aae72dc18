package dev.afterimage.projection.sql;

import jakarta.enterprise.context.ApplicationScoped;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;

/** Runs statements for clients, each in a transaction of its own, so that a query sees one state of the tables. */
@ApplicationScoped
public class Database {

    private final DataSource dataSource;

    Database(DataSource dataSource) {
        this.dataSource = dataSource;
    }

    /** Uses a connection. */
    @FunctionalInterface
    public interface Work<T> {

        T run(Connection connection) throws SQLException;
    }

    /**
     * Returns the objects that the reader creates from the rows.
     *
     * @throws DatabaseAway when the database does not answer
     */
    public <T> List<T> select(String sql, List<?> parameters, Sql.Reader<T> reader) {
        return with(connection -> Sql.select(connection, sql, reader, parameters.toArray()));
    }

    /**
     * Runs the statement and returns the number of changed rows.
     *
     * @throws DatabaseAway when the database does not answer
     */
    public int run(String sql, @Nullable Object... parameters) {
        return with(connection -> Sql.run(connection, sql, parameters));
    }

    /**
     * Does the work on a connection of its own.
     *
     * @throws DatabaseAway when the database does not answer
     */
    public <T> T with(Work<T> work) {
        try (Connection connection = dataSource.getConnection()) {
            return work.run(connection);
        } catch (SQLException e) {
            throw new DatabaseAway(e);
        }
    }
}
