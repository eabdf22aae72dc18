package dev.afterimage.cli.command;

import dev.afterimage.cli.terminal.Screen;
import dev.afterimage.stack.Postgres;
import dev.afterimage.stack.StackConfig;
import dev.afterimage.stack.StackException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Runs SQL on one of the pipeline's databases, for machines without psql. */
@Command(name = "sql", description = "Runs SQL on a database of the pipeline in one transaction and prints the rows.")
public final class SqlCommand extends PipelineCommand {

    private static final int PAGE = 200;
    /** The SQLSTATE of a statement such as vacuum, which runs only outside of a transaction. */
    private static final String IN_A_TRANSACTION = "25001";
    /** The SQLSTATE of a login to a database that does not exist. */
    private static final String NO_DATABASE = "3D000";

    @Parameters(index = "0", paramLabel = "DATABASE", description = "orders, projection, replica or any other there")
    private String database = "";

    @Parameters(
            index = "1",
            arity = "0..1",
            paramLabel = "SQL",
            description = "one statement, or several separated by ;")
    private @Nullable String text;

    @Option(names = "--file", paramLabel = "FILE", description = "the same from a file")
    private @Nullable Path file;

    @Option(
            names = "--user",
            paramLabel = "ROLE",
            defaultValue = "postgres",
            description = "role to log in as; its password is its name (${DEFAULT-VALUE})")
    private String user = "";

    @Option(names = "--json", description = "one JSON object per row, with values as PostgreSQL prints them")
    private boolean json;

    @Override
    public Integer call() throws IOException, SQLException {
        String sql = sql();
        try (Screen screen = screen();
                Connection connection = connect()) {
            // only a transaction has a cursor; without one, all rows would be in memory at once
            connection.setAutoCommit(false);
            try {
                run(screen, connection, sql);
                connection.commit();
            } catch (SQLException e) {
                if (!IN_A_TRANSACTION.equals(e.getSQLState())) {
                    throw e;
                }
                connection.rollback();
                connection.setAutoCommit(true);
                run(screen, connection, sql);
            }
        }
        return 0;
    }

    private void run(Screen screen, Connection connection, String sql) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            // otherwise the server would go on with the statement after Ctrl-C
            Runtime.getRuntime().addShutdownHook(Thread.ofPlatform().unstarted(() -> cancel(statement)));
            statement.setFetchSize(PAGE);
            boolean rows = statement.execute(sql);
            // neither rows nor an update count: there is no further result
            while (rows || statement.getUpdateCount() >= 0) {
                int changed = statement.getUpdateCount();
                if (rows) {
                    print(screen, statement.getResultSet());
                } else if (changed > 0 && json) {
                    screen.json(Map.of("changed", changed));
                } else if (changed > 0) {
                    screen.print(List.of("%,d %s changed".formatted(changed, changed == 1 ? "row" : "rows")));
                }
                rows = statement.getMoreResults();
            }
        }
    }

    private static void cancel(Statement statement) {
        try {
            statement.cancel();
        } catch (SQLException e) {
            // it has ended
        }
    }

    private String sql() throws IOException {
        if (file != null && text == null) {
            return Files.readString(file);
        }
        if (file != null || text == null) {
            throw wrong("Give either SQL or --file with SQL in it");
        }
        return text;
    }

    private Connection connect() throws SQLException {
        try {
            return DriverManager.getConnection(ports.postgres().jdbcUrl(database) + "?loginTimeout=10", user, user);
        } catch (SQLException e) {
            if (String.valueOf(e.getSQLState()).startsWith("08")) {
                throw new StackException(
                        "No answer from PostgreSQL at %s:%d: does the pipeline run? Start it with infra/afterimage up"
                                .formatted(StackConfig.HOST, ports.postgres),
                        e);
            }
            if (NO_DATABASE.equals(e.getSQLState())) {
                throw new StackException("There is no database " + database + "; there are " + databases() + ".", e);
            }
            throw e;
        }
    }

    private String databases() throws SQLException {
        try (Connection connection = ports.postgres().connect("postgres")) {
            return String.join(
                    ", ",
                    Postgres.texts(
                            connection, "select datname from pg_database where not datistemplate order by datname"));
        }
    }

    private void print(Screen screen, ResultSet result) throws SQLException {
        List<String> names = new ArrayList<>();
        for (int i = 1; i <= result.getMetaData().getColumnCount(); i++) {
            names.add(result.getMetaData().getColumnLabel(i));
        }
        Screen.PagedTable table = screen.new PagedTable(names);
        List<List<String>> page = new ArrayList<>();
        while (result.next()) {
            Map<String, @Nullable String> row = new LinkedHashMap<>();
            List<String> cells = new ArrayList<>();
            for (int i = 1; i <= names.size(); i++) {
                String value = result.getString(i);
                row.put(names.get(i - 1), value);
                cells.add(Objects.requireNonNullElse(value, ""));
            }
            if (json) {
                screen.json(row);
                continue;
            }
            page.add(cells);
            if (page.size() == PAGE) {
                table.print(page);
                page.clear();
            }
        }
        if (!json) {
            table.print(page);
        }
    }
}
