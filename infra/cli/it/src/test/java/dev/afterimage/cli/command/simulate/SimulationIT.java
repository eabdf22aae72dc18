package dev.afterimage.cli.command.simulate;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.afterimage.cli.TestPipeline;
import dev.afterimage.cli.TestPipeline.Run;
import dev.afterimage.stack.StackConfig;
import dev.afterimage.testing.Database;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

@ExtendWith(TestPipeline.Shared.class)
class SimulationIT {

    private static final ObjectMapper JSON = new ObjectMapper();

    private final StackConfig config;
    private final Database database;

    private Run last = new Run(0, "", "");

    @TempDir
    Path folder;

    SimulationIT(TestPipeline pipeline) {
        this.config = pipeline.stack();
        this.database = pipeline.database("postgres");
    }

    @Test
    void theSameSeedMakesTheSameHistoryAndTheExportTellsItAll() throws Exception {
        List<String> histories = new ArrayList<>();
        for (String schema : List.of("first", "second")) {
            Path export = folder.resolve(schema);
            assertThat(simulate(
                            schema,
                            "--shop",
                            "--records",
                            "2000",
                            "--batches",
                            "100",
                            "--seed",
                            "42",
                            "--evolve-every",
                            "10",
                            "--export",
                            export.toString()))
                    .as(last.err())
                    .isZero();
            histories.add(Files.readString(export).replace("\"" + schema + "\\\"", "\"schema\\\""));
            assertThat(rowsIn(schema)).isEqualTo(rowsTold(export));
        }
        assertThat(histories.get(0))
                .isEqualTo(histories.get(1))
                .contains("\"op\":\"ddl\"", "\"op\":\"u\"", "\"op\":\"d\"");
        assertThat(
                        count(
                                "select count(*) from first.simulated_orders o left join first.simulated_customers c on c.id = o.customer_id where c.id is null"))
                .isZero();
    }

    @Test
    void theSummaryNamesTheSchemaBeforeAndAfter() throws Exception {
        assertThat(simulate("evolving", "--records", "1000", "--batches", "50", "--evolve-every", "5", "--json"))
                .isZero();
        JsonNode summary = JSON.readTree(last.out());
        assertThat(summary.path("inserts").asLong()).isEqualTo(1000);
        assertThat(summary.path("updates").asLong()).isBetween(400L, 600L);
        assertThat(summary.path("schemaChanges")).hasSize(10);
        assertThat(summary.path("originalSchema")).isNotEqualTo(summary.path("finalSchema"));
        assertThat(count("select count(*) from information_schema.columns where table_schema = 'evolving'"))
                .isEqualTo(summary.path("finalSchema").path("simulated_orders").size());
    }

    @Test
    void withoutEvolutionTheSchemaStays() throws Exception {
        assertThat(simulate("still", "--no-evolution", "--json", "--evolve-every", "1"))
                .isZero();
        JsonNode summary = JSON.readTree(last.out());
        assertThat(summary.path("schemaChanges")).isEmpty();
        assertThat(summary.path("originalSchema")).isEqualTo(summary.path("finalSchema"));
    }

    @Test
    void anExistingTableIsChangedByItsOwnColumnsAndItsOwnRowsAreLeftAlone() throws Exception {
        database.execute("create schema mine");
        database.execute("""
                create table mine.people (id bigint generated always as identity primary key, email varchar(40) not null unique,
                  shouted text generated always as (upper(email)) stored, born date, weight double precision, tags text[])""");
        database.execute("insert into mine.people (email, born) values ('me@example.com', '1990-01-01')");
        assertThat(simulate("mine", "--table", "people", "--no-evolution", "--records", "500", "--batches", "10"))
                .as(last.err())
                .isZero();
        assertThat(count("select count(*) from mine.people where email = 'me@example.com' and born = '1990-01-01'"))
                .isEqualTo(1);
        assertThat(count("select count(*) from mine.people")).isGreaterThan(200);
        database.execute("insert into mine.people (email) values ('you@example.com')");
    }

    @Test
    void cleaningUpLeavesNothing() throws Exception {
        assertThat(simulate("gone", "--publication", "gone", "--slot", "gone", "--clean-up"))
                .as(last.err())
                .isZero();
        assertThat(count("select count(*) from pg_namespace where nspname = 'gone'"))
                .isZero();
        assertThat(count("select count(*) from pg_publication where pubname = 'gone'"))
                .isZero();
        assertThat(count("select count(*) from pg_replication_slots where slot_name = 'gone'"))
                .isZero();
        assertThat(last.err()).contains("Dropped replication slot gone, publication gone, table simulated_orders");
    }

    @Test
    void aWrongDatabaseIsOneSentence() {
        assertThat(run(
                        "simulate",
                        "--host",
                        "127.0.0.1",
                        "--port",
                        port(),
                        "--database",
                        "nowhere",
                        "--user",
                        "postgres"))
                .isEqualTo(1);
        assertThat(last.err().lines()).singleElement().asString().contains("There is no database nowhere");
        assertThat(run("simulate", "--host", "127.0.0.1", "--port", port(), "--user", "orders_app"))
                .isEqualTo(1);
        assertThat(last.err().lines()).singleElement().asString().contains("refuses the user orders_app");
        String nobody = StackConfig.freePorts(1).get(0).toString();
        assertThat(run("simulate", "--host", "127.0.0.1", "--port", nobody)).isEqualTo(1);
        assertThat(last.err().lines())
                .singleElement()
                .asString()
                .contains("No PostgreSQL answers at 127.0.0.1:" + nobody);
        assertThat(run("simulate", "--batches", "0")).isEqualTo(2);
    }

    /** The number of rows of each table. */
    private Map<String, Long> rowsIn(String schema) throws SQLException {
        Map<String, Long> rows = new TreeMap<>();
        for (SimulatedTable table : tables(schema)) {
            rows.put(table.name(), count("select count(*) from " + table.sql()));
        }
        return rows;
    }

    private List<SimulatedTable> tables(String schema) throws SQLException {
        try (Connection connection = database.connect()) {
            return List.copyOf(SimulatedTable.of(connection, schema).values());
        }
    }

    private static Map<String, Long> rowsTold(Path export) throws Exception {
        Map<String, Long> rows = new TreeMap<>();
        for (String line : Files.readAllLines(export)) {
            JsonNode change = JSON.readTree(line);
            long difference =
                    switch (change.path("op").asText()) {
                        case "c" -> 1;
                        case "d" -> -1;
                        default -> 0;
                    };
            if (change.has("table")) {
                rows.merge(change.path("table").asText(), difference, Long::sum);
            }
        }
        return rows;
    }

    private int simulate(String schema, String... more) {
        List<String> arguments = new ArrayList<>(List.of(
                "simulate",
                "--skip-setup",
                "--host",
                "127.0.0.1",
                "--port",
                port(),
                "--database",
                "postgres",
                "--user",
                "postgres",
                "--schema",
                schema));
        arguments.addAll(List.of(more));
        return run(arguments.toArray(String[]::new));
    }

    private String port() {
        return Integer.toString(config.postgresPort());
    }

    private int run(String... arguments) {
        last = TestPipeline.execute(arguments);
        return last.code();
    }

    private long count(String sql) {
        return database.number(sql);
    }
}
