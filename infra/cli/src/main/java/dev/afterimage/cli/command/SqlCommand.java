package dev.afterimage.cli.command;

import dev.afterimage.cli.terminal.Screen;
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
                Connection connection = connect();
                Statement statement = connection.createStatement()) {
            boolean rows = statement.execute(sql);
            // neither rows nor an update count: there is no further result
            while (rows || statement.getUpdateCount() >= 0) {
                int changed = statement.getUpdateCount();
                if (rows) {
                    print(screen, statement.getResultSet());
                } else if (changed > 0) {
                    screen.print(List.of("%,d %s changed".formatted(changed, changed == 1 ? "row" : "rows")));
                }
                rows = statement.getMoreResults();
            }
        }
        return 0;
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
            return DriverManager.getConnection(ports.postgres().jdbcUrl(database), user, user);
        } catch (SQLException e) {
            if (String.valueOf(e.getSQLState()).startsWith("08")) {
                throw new StackException(
                        "No answer from PostgreSQL at %s:%d: does the pipeline run? Start it with infra/afterimage up"
                                .formatted(StackConfig.HOST, ports.postgres),
                        e);
            }
            throw e;
        }
    }

    private void print(Screen screen, ResultSet result) throws SQLException {
        List<String> names = new ArrayList<>();
        for (int i = 1; i <= result.getMetaData().getColumnCount(); i++) {
            names.add(result.getMetaData().getColumnLabel(i));
        }
        List<List<String>> rows = new ArrayList<>();
        while (result.next()) {
            List<@Nullable String> row = new ArrayList<>();
            for (int i = 1; i <= names.size(); i++) {
                row.add(result.getString(i));
            }
            if (json) {
                Map<String, @Nullable String> named = new LinkedHashMap<>();
                for (int i = 0; i < names.size(); i++) {
                    named.put(names.get(i), row.get(i));
                }
                screen.json(named);
            }
            rows.add(row.stream()
                    .map(value -> Objects.requireNonNullElse(value, ""))
                    .toList());
        }
        if (!json) {
            screen.table(names, rows, row -> row);
        }
    }
}
