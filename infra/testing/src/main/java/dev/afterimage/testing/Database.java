package dev.afterimage.testing;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import org.eclipse.microprofile.config.ConfigProvider;

/**
 * Runs SQL for tests; each call opens its own connection.
 *
 * @param jdbcUrl the address of one database
 */
public record Database(String jdbcUrl, String user, String password) {

    /** A database of a local PostgreSQL, as the superuser. */
    public static Database of(String jdbcUrl) {
        return new Database(jdbcUrl, "postgres", "postgres");
    }

    /** The database of the service under test, as the superuser. */
    public static Database ofService() {
        return of(ConfigProvider.getConfig().getValue("quarkus.datasource.jdbc.url", String.class));
    }

    /** The same database as another role, whose password is its name. */
    public Database as(String role) {
        return new Database(jdbcUrl, role, role);
    }

    /** The same database with this schema for names without a schema. */
    public Database in(String schema) {
        return new Database(jdbcUrl + "?currentSchema=" + schema, user, password);
    }

    /** Opens a connection; the caller closes it. */
    public Connection connect() {
        try {
            return DriverManager.getConnection(jdbcUrl, user, password);
        } catch (SQLException e) {
            throw new AssertionError("cannot connect to " + jdbcUrl, e);
        }
    }

    /** Each row as a string, with its columns separated by bars. */
    public List<String> rows(String query) {
        try (var connection = connect()) {
            return rows(connection, query);
        } catch (SQLException e) {
            throw new AssertionError("cannot leave " + jdbcUrl, e);
        }
    }

    /**
     * The same on an open connection, for repeated queries: a new connection costs PostgreSQL and the test 10 ms each.
     */
    public static List<String> rows(Connection connection, String query) {
        try (var statement = connection.createStatement();
                var result = statement.executeQuery(query)) {
            var rows = new ArrayList<String>();
            while (result.next()) {
                var row = new ArrayList<String>();
                for (int column = 1; column <= result.getMetaData().getColumnCount(); column++) {
                    row.add(String.valueOf(result.getString(column)));
                }
                rows.add(String.join(" | ", row));
            }
            return rows;
        } catch (SQLException e) {
            throw new AssertionError("cannot read: " + query, e);
        }
    }

    /** The only column of the only row. */
    public String value(String query) {
        var rows = rows(query);
        if (rows.size() != 1) {
            throw new AssertionError("%d rows instead of one: %s".formatted(rows.size(), query));
        }
        return rows.getFirst();
    }

    /** The only column of the only row, as a whole number. */
    public long number(String query) {
        return Long.parseLong(value(query));
    }

    /** Runs the migrations in the folder in the order of their versions. */
    public void migrate(Path folder) {
        var migrations = new ArrayList<String>();
        try (var files = Files.list(folder)) {
            for (Path file :
                    files.sorted(Comparator.comparingInt(Database::version)).toList()) {
                migrations.add(Files.readString(file));
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        execute(migrations.toArray(String[]::new));
    }

    private static int version(Path migration) {
        return Integer.parseInt(migration.getFileName().toString().replaceFirst("V([0-9]+)__.*", "$1"));
    }

    /** Executes the statements one after the other, each in its own transaction. */
    public void execute(String... statements) {
        try (var connection = connect();
                var statement = connection.createStatement()) {
            for (String sql : statements) {
                statement.execute(sql);
            }
        } catch (SQLException e) {
            throw new AssertionError("cannot execute: " + String.join("; ", statements), e);
        }
    }
}
