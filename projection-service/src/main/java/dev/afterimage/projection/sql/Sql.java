package dev.afterimage.projection.sql;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Runs statements, writes many rows as one array per column, for {@code unnest}, and reads rows as objects. */
public final class Sql {

    private Sql() {}

    /**
     * A column of the rows.
     *
     * @param type the element's type in PostgreSQL
     */
    public record Column<T>(String name, String type, Function<T, @Nullable Object> value) {}

    /** Creates objects from rows; one object may need several rows. */
    @FunctionalInterface
    public interface Reader<T> {

        List<T> read(ResultSet rows) throws SQLException;

        /** Creates one object from each row. */
        static <T> Reader<T> ofEach(RowReader<T> reader) {
            return rows -> {
                List<T> read = new ArrayList<>();
                while (rows.next()) {
                    read.add(reader.read(rows));
                }
                return read;
            };
        }
    }

    /** Creates an object from one row. */
    @FunctionalInterface
    public interface RowReader<T> {

        T read(ResultSet row) throws SQLException;
    }

    /**
     * An array as a parameter.
     *
     * @param type the element's type in PostgreSQL
     */
    @SuppressWarnings("ArrayRecordComponent") // created for one statement and never compared
    public record Values(String type, @Nullable Object[] elements) {

        /** One column of the rows. */
        public static <T> Values of(String type, Collection<? extends T> rows, Function<T, @Nullable Object> column) {
            // the driver writes an element by its toString, and PostgreSQL reads ISO-8601
            @Nullable Object[] elements = rows.stream()
                    .map(column)
                    .map(value -> value instanceof Instant ? value.toString() : value)
                    .toArray();
            return new Values(type, elements);
        }

        /** The columns of the rows, each as an array. */
        public static <T> List<Values> of(Collection<? extends T> rows, List<Column<T>> columns) {
            return columns.stream()
                    .map(column -> of(column.type(), rows, column.value()))
                    .toList();
        }
    }

    /** Work that only one session does at a time. */
    @FunctionalInterface
    public interface Job<E extends Exception> {

        void run() throws SQLException, E;
    }

    /** Runs the query and returns the objects that the reader creates from its rows. */
    public static <T> List<T> select(
            Connection connection, String sql, Reader<T> reader, @Nullable Object... parameters) throws SQLException {
        try (PreparedStatement statement = prepared(connection, sql, parameters);
                ResultSet rows = statement.executeQuery()) {
            return reader.read(rows);
        }
    }

    /** Runs the query and returns the object that the reader creates from its first row; empty if there is no row. */
    public static <T> Optional<T> first(
            Connection connection, String sql, RowReader<T> reader, @Nullable Object... parameters)
            throws SQLException {
        return select(connection, sql, Reader.ofEach(reader), parameters).stream()
                .findFirst();
    }

    /** Runs the statement and returns the number of changed rows. */
    public static int run(Connection connection, String sql, @Nullable Object... parameters) throws SQLException {
        try (PreparedStatement statement = prepared(connection, sql, parameters)) {
            statement.execute();
            return statement.getUpdateCount();
        }
    }

    private static PreparedStatement prepared(Connection connection, String sql, @Nullable Object... parameters)
            throws SQLException {
        PreparedStatement statement = connection.prepareStatement(sql);
        for (int i = 0; i < parameters.length; i++) {
            @Nullable Object parameter = parameters[i];
            statement.setObject(
                    i + 1,
                    parameter instanceof Values array
                            ? connection.createArrayOf(array.type(), array.elements())
                            : parameter);
        }
        return statement;
    }

    /**
     * Does the job while it holds the advisory lock. Does nothing if another session has the lock, such as another
     * instance's.
     */
    public static <E extends Exception> void alone(Connection connection, long lock, Job<E> job)
            throws SQLException, E {
        if (first(connection, "select pg_try_advisory_lock(?)", row -> row.getBoolean(1), lock)
                .orElseThrow()) {
            try {
                job.run();
            } finally {
                run(connection, "select pg_advisory_unlock(?)", lock);
            }
        }
    }

    /**
     * Whether the data is the cause, so that another attempt does not help: a data exception, a violated constraint, or
     * a value too large for an index, a row or a nesting.
     *
     * @see <a href="https://www.postgresql.org/docs/current/errcodes-appendix.html">classes 22, 23 and 54</a>
     */
    public static boolean refusesData(SQLException e) {
        String state = e.getSQLState();
        return state != null && Stream.of("22", "23", "54").anyMatch(state::startsWith);
    }

    /**
     * Whether the database cannot work now: no connection in time (no SQLSTATE), a broken connection (class 08), a
     * refused login (28), too few resources (53), a server that shuts down or starts (57P), or a database that is
     * read-only (25006) or missing (3D000).
     */
    public static boolean isAway(SQLException e) {
        String state = e.getSQLState();
        return state == null
                || Stream.of("08", "28", "53", "57P", "25P03", "25P04", "25006", "3D000")
                        .anyMatch(state::startsWith);
    }

    /** Whether PostgreSQL ended the transaction because it collided with another one, so that it can be tried again. */
    public static boolean isCollision(SQLException e) {
        String state = e.getSQLState();
        return "40001".equals(state) || "40P01".equals(state);
    }

    public static Instant instant(ResultSet row, String column) throws SQLException {
        return row.getObject(column, OffsetDateTime.class).toInstant();
    }
}
