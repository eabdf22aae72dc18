package dev.afterimage.bench;

import dev.afterimage.stack.ConnectWorker;
import dev.afterimage.stack.KafkaBroker;
import dev.afterimage.stack.Postgres;
import dev.afterimage.stack.Server;
import dev.afterimage.stack.StackConfig;
import dev.afterimage.stack.StackException;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** Lets projection-service and Debezium's JDBC sink work off the same backlog in turn, on one broker and one database server. */
@Command(
        name = "backlog",
        description = "Compares how fast projection-service and Debezium's JDBC sink apply the same backlog of events.",
        mixinStandardHelpOptions = true)
final class BacklogBench implements Callable<Integer> {

    private static final Duration LIMIT = Duration.ofMinutes(10);
    private static final Duration LOOK = Duration.ofMillis(100);
    /** As many as order.events has in the local pipeline. */
    private static final int PARTITIONS = 4;

    private static final String SINK_TABLE = "orders";

    @Option(names = "--events", defaultValue = "200000", description = "in the backlog (${DEFAULT-VALUE})")
    private int events;

    @Option(names = "--rounds", defaultValue = "3", description = "of both sides (${DEFAULT-VALUE})")
    private int rounds;

    @Option(
            names = "--sink",
            paramLabel = "KEY=VALUE",
            description = "a further setting of the sink connector, or another value; may be repeated")
    private Map<String, String> sinkSettings = Map.of();

    @Option(
            names = "--jar",
            defaultValue = "projection-service/target/quarkus-app/quarkus-run.jar",
            description = "the projection-service to measure (${DEFAULT-VALUE})")
    private Path jar = Path.of("");

    @Option(
            names = "--home",
            defaultValue = "infra/bench/target/backlog",
            description = "folder of data and logs, emptied at start (${DEFAULT-VALUE})")
    private Path home = Path.of("");

    @Spec
    private @Nullable CommandSpec spec;

    /**
     * One side's work.
     *
     * @param perSecond events, from the first that was seen applied to the last
     * @param cpu of the side's own process
     */
    private record Result(double perSecond, Duration cpu, Duration postgres) {}

    @Override
    public Integer call() throws Exception {
        CommandLine command = Objects.requireNonNull(spec).commandLine();
        if (events < 1000 || rounds < 1) {
            throw new ParameterException(command, "--events is at least 1000, --rounds at least 1");
        }
        empty(home);
        List<Integer> ports = StackConfig.freePorts(5);
        StackConfig stack = new StackConfig(home, ports.get(0), ports.get(1), ports.get(2), ports.get(3));
        Postgres postgres = Postgres.start(stack);
        KafkaBroker kafka = KafkaBroker.start(stack);
        say("Publishing %d events, and as many rows for the sink ...".formatted(events));
        // in that topic, so that the service reads it as it reads any other
        Backlog.End end = new Backlog(events, events).publish(kafka, "order.events", "orders.rows", PARTITIONS);
        ConnectWorker connect = ConnectWorker.start(stack);
        List<Result> service = new ArrayList<>();
        List<Result> sink = new ArrayList<>();
        for (int round = 1; round <= rounds; round++) {
            sink.add(report(round, "JDBC sink", sink(round, postgres, connect, end)));
            service.add(report(round, "projection-service", service(ports.get(4), stack, postgres, kafka, end)));
        }
        double[] ratios = IntStream.range(0, rounds)
                .mapToDouble(i -> service.get(i).perSecond() / sink.get(i).perSecond())
                .sorted()
                .toArray();
        say("%nprojection-service, read model and event log: %.1f times the JDBC sink's rate (%.1f to %.1f)"
                .formatted(ratios[ratios.length / 2], ratios[0], ratios[ratios.length - 1]));
        return 0;
    }

    private Result report(int round, String side, Result result) {
        say("  round %d: %-18s %7.0f events/s; CPU per event %.0f µs, and of PostgreSQL %.0f µs"
                .formatted(
                        round,
                        side,
                        result.perSecond(),
                        result.cpu().toNanos() / 1e3 / events,
                        result.postgres().toNanos() / 1e3 / events));
        return result;
    }

    private Result service(int port, StackConfig stack, Postgres postgres, KafkaBroker kafka, Backlog.End end)
            throws SQLException, InterruptedException {
        recreate(postgres, "projection", "projection");
        QuarkusJar service = new QuarkusJar(
                "projection-service",
                stack,
                jar,
                List.of(),
                port,
                Map.of(
                        "QUARKUS_DATASOURCE_JDBC_URL", postgres.jdbcUrl("projection"),
                        "KAFKA_BOOTSTRAP_SERVERS", kafka.bootstrapServers()));
        try (service) {
            service.startForThisRun();
            return measure(postgres, service, "projection", "cdc_processed.orders", end);
        }
    }

    private Result sink(int round, Postgres postgres, ConnectWorker connect, Backlog.End end)
            throws SQLException, IOException, InterruptedException {
        recreate(postgres, "replica", "replica");
        String name = "sink-" + round;
        Path file = home.resolve(name + ".json");
        Files.writeString(file, json(postgres));
        connect.connectors().apply(file);
        try {
            return measure(postgres, connect, "replica", SINK_TABLE, end);
        } finally {
            connect.connectors().delete(name);
        }
    }

    /** Its best documented settings for PostgreSQL: upsert and delete by key, large batches, folded and by unnest. */
    private String json(Postgres postgres) {
        Map<String, String> settings = new TreeMap<>(Map.of(
                "connector.class", "io.debezium.connector.jdbc.JdbcSinkConnector",
                "topics", "orders.rows",
                "connection.url", postgres.jdbcUrl("replica"),
                "connection.username", "replica",
                "connection.password", "replica",
                "insert.mode", "upsert",
                "delete.enabled", "true",
                "primary.key.mode", "record_key",
                "schema.evolution", "basic"));
        settings.putAll(Map.of(
                "tasks.max", "1",
                "collection.name.format", SINK_TABLE,
                "batch.size", "4000",
                "use.reduction.buffer", "true",
                "dialect.postgres.unnest.insert.enabled", "true",
                "consumer.override.max.poll.records", "4000",
                "consumer.override.auto.offset.reset", "earliest",
                "key.converter", "org.apache.kafka.connect.json.JsonConverter",
                "value.converter", "org.apache.kafka.connect.json.JsonConverter"));
        settings.putAll(sinkSettings);
        return settings.entrySet().stream()
                .map(setting -> "\"%s\": \"%s\"".formatted(setting.getKey(), setting.getValue()))
                .collect(Collectors.joining(",\n  ", "{\n  ", "\n}\n"));
    }

    /** Looks at the table ten times a second until it holds what the backlog leaves. */
    private Result measure(Postgres postgres, Server side, String database, String table, Backlog.End end)
            throws SQLException, InterruptedException {
        Cpu.Meter meter = new Cpu.Meter(process(postgres), process(side));
        Cpu before = meter.read();
        Instant deadline = Instant.now().plus(LIMIT);
        long began = 0;
        long seenAtFirst = 0;
        try (Connection connection = postgres.connect(database);
                Statement statement = connection.createStatement()) {
            while (Instant.now().isBefore(deadline)) {
                Table now = now(statement, table);
                if (began == 0 && now.rows() > 0) {
                    began = System.nanoTime();
                    seenAtFirst = now.rows();
                }
                if (now.equals(new Table(end.rows(), end.versions()))) {
                    Cpu used = meter.read().since(before);
                    double seconds = (System.nanoTime() - began) / 1e9;
                    return new Result((events - seenAtFirst) / seconds, used.service(), used.postgres());
                }
                Thread.sleep(LOOK);
            }
            throw new StackException("%s did not work off the backlog in %d minutes: %s instead of %s. %s"
                    .formatted(side.name(), LIMIT.toMinutes(), now(statement, table), end.rows(), side.lastWords()));
        }
    }

    private record Table(long rows, long versions) {}

    private static Table now(Statement statement, String table) throws SQLException {
        try (ResultSet there = statement.executeQuery("select to_regclass('%s')".formatted(table))) {
            there.next();
            if (there.getString(1) == null) {
                return new Table(0, 0);
            }
        }
        try (ResultSet row = statement.executeQuery("select count(*), coalesce(sum(version), 0) from " + table)) {
            row.next();
            return new Table(row.getLong(1), row.getLong(2));
        }
    }

    private static void recreate(Postgres postgres, String database, String owner) throws SQLException {
        try (Connection connection = postgres.connect("postgres");
                Statement statement = connection.createStatement()) {
            statement.execute("drop database if exists %s with (force)".formatted(database));
            statement.execute("create database %s owner %s".formatted(database, owner));
            statement.execute("checkpoint");
        }
    }

    private static ProcessHandle process(Server server) {
        return Optional.ofNullable(server.pid())
                .flatMap(ProcessHandle::of)
                .orElseThrow(() -> new StackException(server.name() + " has ended. " + server.lastWords()));
    }

    private static void empty(Path folder) throws IOException {
        if (Files.exists(folder)) {
            try (Stream<Path> all = Files.walk(folder)) {
                for (Path each : all.sorted(Comparator.reverseOrder()).toList()) {
                    Files.delete(each);
                }
            }
        }
    }

    private void say(String line) {
        PrintWriter out = Objects.requireNonNull(spec).commandLine().getOut();
        out.println(line);
        out.flush();
    }
}
