package dev.afterimage.cli.command.simulate;

import dev.afterimage.cli.command.simulate.Simulation.Counts;
import dev.afterimage.cli.command.simulate.Simulation.SchemaChange;
import dev.afterimage.cli.command.simulate.Simulation.Settings;
import dev.afterimage.cli.command.simulate.Simulation.Weights;
import dev.afterimage.cli.service.AnyPostgres;
import dev.afterimage.cli.terminal.Figures;
import dev.afterimage.cli.terminal.Progress;
import dev.afterimage.cli.terminal.Prompt;
import dev.afterimage.cli.terminal.Screen;
import dev.afterimage.stack.StackException;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.Writer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Help.Ansi.Style;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** Makes millions of changes on any PostgreSQL, to test a capture of them. */
@Command(
        name = "simulate",
        description = {
            "Inserts, updates and deletes plausible rows on any PostgreSQL while the schema evolves: --records of them,"
                    + " or --endless, as fast as it goes or at --rate N changes a second.",
            "Settings come from options, the environment (PGHOST, PGPORT, PGDATABASE, PGUSER, PGPASSWORD, PGSCHEMA,"
                    + " SKIP_SETUP, ENABLE_EVOLUTION) or a file .env, in this order."
        },
        subcommands = SimulateOrdersCommand.class)
public final class SimulateCommand implements Callable<Integer> {

    @Mixin
    private AnyPostgres postgres = new AnyPostgres();

    @Option(names = "--create-database", description = "create the database if it does not exist")
    private boolean createDatabase;

    @Option(names = "--skip-setup", description = "ask nothing and create what is missing (SKIP_SETUP=true)")
    private boolean skipSetup;

    @Option(
            names = "--table",
            split = ",",
            paramLabel = "NAME",
            description = "tables to change; existing ones by their own columns and foreign keys (simulated_orders)")
    private List<String> tables = List.of();

    @Option(names = "--shop", description = "four tables with foreign keys: customers, products, orders, order items")
    private boolean shop;

    @Option(names = "--publication", paramLabel = "NAME", description = "create it, or add the tables to it")
    private @Nullable String publication;

    @Option(
            names = "--slot",
            paramLabel = "NAME",
            description = "a replication slot to create; unless it is read, it fills the disk")
    private @Nullable String slot;

    @Option(
            names = "--records",
            paramLabel = "N",
            defaultValue = "10000",
            description = "rows to insert (${DEFAULT-VALUE})")
    private int records;

    @Option(
            names = "--batches",
            paramLabel = "N",
            defaultValue = "100",
            description = "number of transactions, at most one for each record (${DEFAULT-VALUE})")
    private int batches;

    @Option(
            names = "--endless",
            description =
                    "go on until Ctrl-C, SIGTERM or 100 million rows: records / batches rows a transaction, fewer at a low"
                            + " --rate")
    private boolean endless;

    @Option(
            names = "--weights",
            defaultValue = "50:25:23",
            paramLabel = "I:U:D",
            description = "ratio of inserts, updates and deletes (${DEFAULT-VALUE})")
    private String weights = "50:25:23";

    @Option(names = "--no-evolution", description = "leave the schema as it is (ENABLE_EVOLUTION=false)")
    private boolean noEvolution;

    @Option(
            names = "--evolve-every",
            defaultValue = "25",
            paramLabel = "BATCHES",
            description = "batches between two schema changes (${DEFAULT-VALUE})")
    private int evolveEvery;

    @Option(names = "--rate", paramLabel = "N", description = "maximum number of changes a second")
    private @Nullable Integer rate;

    @Option(names = "--seed", paramLabel = "N", description = "the same seed on the same tables makes the same changes")
    private @Nullable Long seed;

    @Option(
            names = "--export",
            paramLabel = "FILE",
            description = "each change as a JSON line with the row before and after; - is standard output")
    private @Nullable String export;

    @Option(names = "--clean-up", description = "drop what was created, without asking, after a failure too")
    private boolean cleanUp;

    @Option(names = "--json", description = "the summary as JSON")
    private boolean json;

    @Spec
    private @Nullable CommandSpec spec;

    private volatile boolean interrupted;

    @Override
    public Integer call() throws IOException, SQLException {
        if (records < 1
                || records > Simulation.MOST_ROWS
                || batches < 1
                || evolveEvery < 1
                || (rate != null && rate < 1)) {
            throw new ParameterException(
                    Objects.requireNonNull(spec).commandLine(),
                    "--records, --batches, --evolve-every and --rate are at least 1, --records at most 100000000");
        }
        if (shop && !tables.isEmpty()) {
            throw new ParameterException(
                    Objects.requireNonNull(spec).commandLine(), "--shop has its own tables: leave out --table");
        }
        Weights weighted = weights();
        boolean evolution = postgres.flag("ENABLE_EVOLUTION", true) && !noEvolution;
        boolean silent = postgres.flag("SKIP_SETUP", false) || skipSetup;
        if (createDatabase) {
            postgres.createDatabase();
        }
        try (Screen screen = Screen.of(spec);
                Connection connection = postgres.connect()) {
            Setup setup = new Setup(connection, postgres.schema(), tables, shop, publication, slot);
            if (!silent && screen.live()) {
                try {
                    setup.ask(new Prompt(screen));
                } catch (Prompt.Left e) {
                    screen.err().println("Nothing was done.");
                    return Screen.INTERRUPTED;
                }
            }
            try (Screen.Interception _ = screen.onInterrupt(() -> interrupted = true)) {
                run(screen, connection, setup, weighted, evolution, silent);
            }
            return interrupted ? Screen.INTERRUPTED : 0;
        }
    }

    private void run(
            Screen screen, Connection connection, Setup setup, Weights weighted, boolean evolution, boolean silent)
            throws IOException, SQLException {
        try (Writer file = export == null || exportsToOutput() ? null : Files.newBufferedWriter(Path.of(export))) {
            List<SimulatedTable> before = setup.make();
            setup.made().reversed().forEach(what -> screen.err().println("Made " + what + "."));
            Settings settings = settings(weighted, evolution ? evolveEvery : 0);
            try (Simulation simulation = new Simulation(
                    connection, before, setup.madeAllTables(), settings, exportsToOutput() ? screen.out() : file)) {
                simulate(screen, before, simulation, settings);
            }
        } finally {
            if (!setup.made().isEmpty() && (cleanUp || (!silent && screen.live() && agreed(screen, setup)))) {
                setup.dropMade();
                screen.err().println("Dropped " + String.join(", ", setup.made()) + ".");
            }
        }
    }

    private Weights weights() {
        try {
            return Weights.parse(weights);
        } catch (StackException e) {
            throw new ParameterException(Objects.requireNonNull(spec).commandLine(), e.getMessage(), e);
        }
    }

    private boolean exportsToOutput() {
        return "-".equals(export);
    }

    private Settings settings(Weights weighted, int evolves) {
        long anySeed = seed == null ? new Random().nextLong(1_000_000) : seed;
        int transactions = Math.min(batches, records);
        if (!endless) {
            return new Settings(records, transactions, weighted, evolves, anySeed);
        }
        int most = records / transactions;
        // about half of the changes are inserts: two transactions a second at a low rate
        long rows = rate == null ? most : Math.clamp(rate / 4, 1, most);
        return new Settings(rows * Integer.MAX_VALUE, Integer.MAX_VALUE, weighted, evolves, anySeed);
    }

    private void simulate(Screen screen, List<SimulatedTable> before, Simulation simulation, Settings settings)
            throws SQLException {
        screen.err()
                .printf(
                        Locale.ROOT,
                        "Simulating %s on %s, seed %d; Ctrl-C ends it.%n",
                        endless
                                ? "without end, %,d records a batch,".formatted(settings.records() / settings.batches())
                                : "%,d records in %,d batches".formatted(settings.records(), settings.batches()),
                        String.join(
                                        ", ",
                                        before.stream().map(SimulatedTable::sql).toList())
                                .replace("\"", ""),
                        settings.seed());
        Progress progress = new Progress(screen, "Batch", endless ? Progress.ENDLESS : settings.batches());
        String ended = "Failed";
        try (progress) {
            while (!simulation.done() && !interrupted) {
                SchemaChange change = simulation.next();
                if (change != null && screen.live()) {
                    progress.say(told(screen, change));
                }
                if (exportsToOutput()) {
                    simulation.flush();
                }
                pace(screen, progress, simulation.counts());
                progress.at(
                        simulation.batch(), "%,.0f changes/s".formatted(rate(simulation.counts(), progress.elapsed())));
            }
            ended = interrupted ? "Interrupted" : "Done";
        } finally {
            summary(screen, before, simulation, settings, progress.elapsed(), ended);
        }
    }

    private void pace(Screen screen, Progress progress, Counts counts) {
        while (rate != null && rate(counts, progress.elapsed()) > rate && !interrupted) {
            screen.flush();
            LockSupport.parkNanos(Duration.ofMillis(10).toNanos());
        }
    }

    private static double rate(Counts counts, Duration elapsed) {
        return counts.changes() * 1e9 / Math.max(1, elapsed.toNanos());
    }

    private static String told(Screen screen, SchemaChange change) {
        return screen.paint(change.added() ? Style.fg_green : Style.fg_red, change.added() ? "+" : "-")
                + " batch %d: %s column %s of %s"
                        .formatted(
                                change.batch(), change.added() ? "added" : "dropped", change.column(), change.table());
    }

    private void summary(
            Screen screen,
            List<SimulatedTable> before,
            Simulation simulation,
            Settings settings,
            Duration elapsed,
            String ended) {
        // standard output belongs to the export
        PrintWriter out = exportsToOutput() ? screen.err() : screen.out();
        Counts counts = simulation.counts();
        List<SchemaChange> changes = simulation.schemaChanges();
        long added = changes.stream().filter(SchemaChange::added).count();
        if (json) {
            Map<String, Object> summary = new LinkedHashMap<>();
            summary.put("seed", settings.seed());
            summary.put("batches", simulation.batch());
            summary.put("inserts", counts.inserts());
            summary.put("updates", counts.updates());
            summary.put("deletes", counts.deletes());
            summary.put("changesPerSecond", Math.round(rate(counts, elapsed)));
            summary.put("interrupted", interrupted);
            summary.put("failed", ended.equals("Failed"));
            summary.put("originalSchema", schema(before));
            summary.put("schemaChanges", changes);
            summary.put("finalSchema", schema(simulation.tables()));
            screen.json(summary, out);
            return;
        }
        out.printf(
                Locale.ROOT,
                "%s after %s batches: %,d inserts, %,d updates, %,d deletes in %s, %,.0f changes/s, seed %d%n",
                ended,
                endless
                        ? "%,d".formatted(simulation.batch())
                        : "%,d of %,d".formatted(simulation.batch(), settings.batches()),
                counts.inserts(),
                counts.updates(),
                counts.deletes(),
                Figures.duration(elapsed),
                rate(counts, elapsed),
                settings.seed());
        print(out, "Original schema", before);
        if (settings.evolveEvery() > 0) {
            out.printf("Schema changes: %d columns added, %d dropped%n", added, changes.size() - added);
            changes.forEach(change -> out.println("  " + told(screen, change)));
            print(out, "Final schema", simulation.tables());
        }
        out.flush();
    }

    private static Map<String, Map<String, String>> schema(List<SimulatedTable> tables) {
        Map<String, Map<String, String>> schema = new LinkedHashMap<>();
        for (SimulatedTable table : tables) {
            Map<String, String> columns = new LinkedHashMap<>();
            table.columns().forEach(column -> columns.put(column.name(), column.type()));
            schema.put(table.name(), columns);
        }
        return schema;
    }

    private static void print(PrintWriter out, String title, List<SimulatedTable> tables) {
        out.println(title);
        schema(tables).forEach((table, columns) -> {
            out.println("  " + table);
            columns.forEach((name, type) -> out.println("    " + name + ": " + type));
        });
    }

    private boolean agreed(Screen screen, Setup setup) {
        try {
            return new Prompt(screen).confirm("Drop what was created (" + String.join(", ", setup.made()) + ")?");
        } catch (Prompt.Left e) {
            return false;
        }
    }
}
