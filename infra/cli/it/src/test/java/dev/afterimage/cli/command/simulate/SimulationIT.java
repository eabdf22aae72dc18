package dev.afterimage.cli.command.simulate;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.MissingNode;
import dev.afterimage.cli.TestPipeline;
import dev.afterimage.cli.TestPipeline.Run;
import dev.afterimage.stack.StackConfig;
import dev.afterimage.testing.Database;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
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
    void anyCombinationOfRecordsBatchesWeightsAndSeedWorks() throws Exception {
        Random random = new Random(19);
        for (int i = 0; i < 30; i++) {
            int records = 1 + random.nextInt(i % 2 == 0 ? 12 : 300);
            String weights = "%d:%d:%d".formatted(1 + random.nextInt(5), random.nextInt(30), random.nextInt(30));
            List<String> options = List.of(
                    i % 3 == 0 ? "--evolve-every" : "--shop",
                    i % 3 == 0 ? "1" : "--no-evolution",
                    "--records",
                    Integer.toString(records),
                    "--batches",
                    Integer.toString(1 + random.nextInt(records + 20)),
                    "--weights",
                    weights,
                    "--seed",
                    Integer.toString(i),
                    "--clean-up",
                    "--json");
            assertThat(simulate("any", options.toArray(String[]::new)))
                    .as(options + last.err())
                    .isZero();
            assertThat(JSON.readTree(last.out()).path("inserts").asInt())
                    .as(options.toString())
                    .isEqualTo(records);
        }
        assertThat(simulate("any", "--shop", "--records", "1000", "--batches", "100", "--seed", "1", "--clean-up"))
                .as(last.err())
                .isZero();
    }

    @Test
    void aTableThatRefersToItselfHasRowsThatReferToRows() throws Exception {
        database.execute("create schema circle");
        database.execute(
                "create table circle.parts (id bigint primary key, whole bigint not null references circle.parts)");
        assertThat(simulate("circle", "--table", "parts", "--records", "50", "--batches", "50"))
                .as(last.err())
                .isZero();
    }

    @Test
    void afterAFailureTheSummaryComesAndWhatWasMadeIsDropped() throws Exception {
        database.execute("create schema failing");
        database.execute("create table failing.numbers (id bigint primary key, n int check (n < 0))");
        assertThat(simulate("failing", "--table", "numbers", "--publication", "failing", "--clean-up"))
                .isEqualTo(1);
        assertThat(last.out()).contains("Failed after 0 of 100 batches: 0 inserts");
        assertThat(last.err()).contains("numbers_n_check", "Dropped publication failing.");
        assertThat(count("select count(*) from pg_publication where pubname = 'failing'"))
                .isZero();
    }

    @Test
    void withoutEndItEndsWhenTheReaderOfItsOutputHasGone() throws Exception {
        String simulate = "timeout 60 %s --enable-native-access=ALL-UNNAMED -cp '%s' dev.afterimage.cli.Afterimage %s"
                .formatted(
                        Path.of(System.getProperty("java.home"), "bin", "java"),
                        System.getProperty("java.class.path"),
                        String.join(" ", arguments("unread", "--endless", "--rate", "1", "--clean-up")));
        Process shell = new ProcessBuilder("sh", "-c", "{ %s; echo code $? >&2; } | true".formatted(simulate)).start();
        assertThat(shell.getErrorStream())
                .asString(StandardCharsets.UTF_8)
                .endsWith("Dropped table simulated_orders, schema unread.\ncode 141\n");
    }

    @Test
    void theSameSeedTwiceOnTheSameTableIsRefusedByName() {
        assertThat(simulate("twice", "--seed", "3", "--records", "10")).isZero();
        assertThat(simulate("twice", "--seed", "3", "--records", "10")).isEqualTo(1);
        assertThat(last.err()).contains("Table simulated_orders has such a row already: take another --seed");
    }

    @Test
    void valuesArePlausible() throws Exception {
        database.execute("create schema plausible");
        database.execute("""
                create table plausible.members (id uuid primary key, created_at timestamptz not null, birthday date,
                  discount_rate numeric(5, 2), tax_rate double precision, note varchar(12), status varchar(5), code varchar(9) unique)""");
        assertThat(simulate("plausible", "--table", "members", "--no-evolution"))
                .isZero();
        assertThat(count("""
                select count(*) from plausible.members where created_at > now() or birthday > now() - interval '18 years'
                  or discount_rate >= 100 or tax_rate >= 100 or note ~ '[ ,-]$' or status not in ('PAID')""")).isZero();
        assertThat(count("select count(*) from plausible.members where discount_rate > 50"))
                .isPositive();
    }

    @Test
    void theExportToStandardOutputHasTheRowBeforeAndAfter() throws Exception {
        assertThat(simulate("piped", "--export", "-", "--no-evolution", "--records", "200", "--json"))
                .isZero();
        assertThat(last.err()).contains("\"inserts\":200");
        Map<String, JsonNode> rows = new TreeMap<>();
        for (String line : last.out().lines().toList()) {
            JsonNode change = JSON.readTree(line);
            JsonNode was = rows.remove(change.path("key").asText());
            assertThat(change.path("before")).isEqualTo(was == null ? MissingNode.getInstance() : was);
            if (!change.path("op").asText().equals("d")) {
                assertThat(change.path("after").path("discount_rate").isNumber())
                        .isTrue();
                rows.put(change.path("key").asText(), change.path("after"));
            }
        }
        assertThat(rowsIn("piped")).containsEntry("simulated_orders", (long) rows.size());
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
        return run(arguments(schema, more).toArray(String[]::new));
    }

    private List<String> arguments(String schema, String... more) {
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
        return arguments;
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
