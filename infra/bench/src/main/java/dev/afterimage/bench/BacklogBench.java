package dev.afterimage.bench;

import static dev.afterimage.bench.Bench.say;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.afterimage.stack.ConnectWorker;
import dev.afterimage.stack.ConnectorStatus;
import dev.afterimage.stack.Folders;
import dev.afterimage.stack.Jvm;
import dev.afterimage.stack.KafkaBroker;
import dev.afterimage.stack.Postgres;
import dev.afterimage.stack.Server;
import dev.afterimage.stack.StackConfig;
import dev.afterimage.stack.StackException;
import dev.afterimage.testing.Database;
import java.io.IOException;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/**
 * Measures how projection-service and Debezium's JDBC sink apply the same backlog, one after the other, on one broker
 * and one database server.
 */
@Command(
        name = "backlog",
        description = "Compares how fast projection-service and Debezium's JDBC sink apply the same backlog of events.",
        mixinStandardHelpOptions = true)
final class BacklogBench implements Callable<Integer> {

    /**
     * The folder of data and logs. It is emptied at the start; it is not an option, so that no other folder is emptied
     * by mistake.
     */
    private static final Path HOME = Path.of("infra/bench/target/backlog");

    private static final Duration LIMIT = Duration.ofMinutes(10);
    private static final Duration LOOK = Duration.ofMillis(100);

    @Option(names = "--events", defaultValue = "200000", description = "events in the backlog (${DEFAULT-VALUE})")
    private int events;

    @Option(
            names = "--warm-up",
            defaultValue = "200000",
            description = "events of the backlog before the measured ones, to warm up (${DEFAULT-VALUE})")
    private int warmUp;

    @Option(names = "--rounds", defaultValue = "3", description = "number of rounds of both sides (${DEFAULT-VALUE})")
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

    @Spec
    private @Nullable CommandSpec spec;

    /**
     * The result of one side.
     *
     * @param events number of events after the warm-up
     * @param seconds time for these events
     * @param cpu CPU time of the side's process and of PostgreSQL in this time
     */
    private record Result(double events, double seconds, Cpu cpu) {

        double perSecond() {
            return events / seconds;
        }
    }

    @Override
    public Integer call() throws Exception {
        CommandLine command = Objects.requireNonNull(spec).commandLine();
        if (events < 1000 || rounds < 1 || warmUp < 0) {
            throw new ParameterException(
                    command, "--events is at least 1000, --rounds at least 1, and --warm-up not below 0");
        }
        Folders.delete(HOME);
        List<Integer> ports = StackConfig.freePorts(5);
        StackConfig stack = new StackConfig(
                        HOME, ports.get(0), ports.get(1), ports.get(2), ports.get(3), StackConfig.NO_REGISTRY)
                .with(Jvm.OPTIMIZING);
        Postgres postgres = Postgres.start(stack);
        KafkaBroker kafka = KafkaBroker.start(stack);
        int all = warmUp + events;
        say("Publishing %d events, and as many rows for the sink ...".formatted(all));
        Backlog.End end = new Backlog(all, all).publish(kafka);
        ConnectWorker connect = ConnectWorker.start(stack);
        List<Result> service = new ArrayList<>();
        List<Result> orders = new ArrayList<>();
        List<Result> tables = new ArrayList<>();
        for (int round = 1; round <= rounds; round++) {
            orders.add(report(round, "sink, orders only", ordersOnly(round, postgres, connect, end)));
            tables.add(report(round, "sink, same tables", sameTables(round, postgres, connect, end)));
            service.add(report(round, "projection-service", service(ports.get(4), stack, postgres, kafka, end)));
        }
        say("%nprojection-service writes orders, their items and the event log:".formatted());
        compare("which writes the rows of orders only", service, orders);
        compare("which writes the rows of the same three tables", service, tables);
        return 0;
    }

    private void compare(String what, List<Result> service, List<Result> sink) {
        double[] ratios = IntStream.range(0, rounds)
                .mapToDouble(i -> service.get(i).perSecond() / sink.get(i).perSecond())
                .sorted()
                .toArray();
        say("%.2f times (%.2f to %.2f) the rate of the JDBC sink %s"
                .formatted(ratios[ratios.length / 2], ratios[0], ratios[ratios.length - 1], what));
    }

    private Result report(int round, String side, Result result) {
        say("  round %d: %-18s %7.0f events/s; CPU per event %.0f µs, and of PostgreSQL %.0f µs"
                .formatted(
                        round,
                        side,
                        result.perSecond(),
                        result.cpu().service().toNanos() / 1e3 / result.events(),
                        result.cpu().postgres().toNanos() / 1e3 / result.events()));
        return result;
    }

    private Result service(int port, StackConfig stack, Postgres postgres, KafkaBroker kafka, Backlog.End end)
            throws SQLException, IOException, InterruptedException {
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
            return measure(
                    postgres,
                    service,
                    "projection",
                    List.of(
                            orders("cdc_processed.orders", end),
                            rows("cdc_processed.order_items", 2 * end.rows()),
                            rows("cdc_raw.cdc_events", end.records())),
                    () -> {});
        }
    }

    private Result ordersOnly(int round, Postgres postgres, ConnectWorker connect, Backlog.End end)
            throws SQLException, IOException, InterruptedException {
        return sink(
                postgres,
                connect,
                Map.of("orders-" + round, json(postgres, Map.of("topics", Backlog.ORDERS))),
                List.of(orders(Backlog.ORDERS, end)));
    }

    /** Another connector inserts the rows of the event log, because they have no key and never change. */
    private Result sameTables(int round, Postgres postgres, ConnectWorker connect, Backlog.End end)
            throws SQLException, IOException, InterruptedException {
        Map<String, String> log = Map.of(
                "topics", Backlog.LOG,
                "insert.mode", "insert",
                "delete.enabled", "false",
                "primary.key.mode", "none",
                "use.reduction.buffer", "false",
                "key.converter", "org.apache.kafka.connect.storage.StringConverter");
        return sink(
                postgres,
                connect,
                Map.of(
                        "model-" + round,
                        json(postgres, Map.of("topics", Backlog.ORDERS + "," + Backlog.ITEMS)),
                        "log-" + round,
                        json(postgres, log)),
                List.of(
                        orders(Backlog.ORDERS, end),
                        rows(Backlog.ITEMS, 2 * end.rows()),
                        rows(Backlog.LOG, warmUp + events)));
    }

    private Result sink(Postgres postgres, ConnectWorker connect, Map<String, ObjectNode> connectors, List<Goal> goals)
            throws SQLException, IOException, InterruptedException {
        recreate(postgres, "replica", "replica");
        for (Map.Entry<String, ObjectNode> connector : connectors.entrySet()) {
            connect.connectors().apply(connector.getKey(), connector.getValue());
        }
        try {
            return measure(postgres, connect, "replica", goals, () -> {
                for (String connector : connectors.keySet()) {
                    Optional<String> failure =
                            connect.connectors().status(connector).flatMap(ConnectorStatus::failure);
                    if (failure.isPresent()) {
                        throw new StackException(connector + " failed: " + failure.get());
                    }
                }
            });
        } finally {
            for (String connector : connectors.keySet()) {
                connect.connectors().delete(connector);
            }
        }
    }

    /**
     * The best documented settings of the sink for PostgreSQL: upsert and delete by key, large batches, reduction
     * buffer, unnest.
     */
    private ObjectNode json(Postgres postgres, Map<String, String> own) {
        Map<String, String> settings = new HashMap<>(Map.of(
                "connector.class", "io.debezium.connector.jdbc.JdbcSinkConnector",
                "connection.url", postgres.jdbcUrl("replica"),
                "connection.username", "replica",
                "connection.password", "replica",
                "insert.mode", "upsert",
                "delete.enabled", "true",
                "primary.key.mode", "record_key",
                "schema.evolution", "basic"));
        settings.putAll(Map.of(
                "tasks.max", "1",
                "batch.size", "4000",
                "use.reduction.buffer", "true",
                "dialect.postgres.unnest.insert.enabled", "true",
                "consumer.override.max.poll.records", "4000",
                "consumer.override.auto.offset.reset", "earliest",
                "key.converter", "org.apache.kafka.connect.json.JsonConverter",
                "value.converter", "org.apache.kafka.connect.json.JsonConverter"));
        settings.putAll(own);
        settings.putAll(sinkSettings);
        return new ObjectMapper().valueToTree(settings);
    }

    /**
     * The expected state of a table after all events are applied.
     *
     * @param figure a query of one number
     */
    private record Goal(String table, String figure, long end) {}

    private static Goal orders(String table, Backlog.End end) {
        return new Goal(table, "select coalesce(sum(version), 0) from " + table, end.versions());
    }

    private static Goal rows(String table, long end) {
        return new Goal(table, "select count(*) from " + table, end);
    }

    /** Checks the orders ten times a second, and checks all tables when the orders are as expected. */
    private Result measure(Postgres postgres, Server side, String database, List<Goal> goals, Check check)
            throws SQLException, IOException, InterruptedException {
        Cpu.Meter meter = new Cpu.Meter(postgres, side);
        Cpu before = Cpu.NONE;
        long whole = goals.getFirst().end();
        Instant deadline = Instant.now().plus(LIMIT);
        long began = 0;
        long seenAtFirst = 0;
        try (Connection connection = postgres.connect(database)) {
            while (Instant.now().isBefore(deadline)) {
                long applied = now(connection, goals.getFirst());
                if (began == 0 && applied > 0 && applied >= whole * warmUp / (warmUp + events)) {
                    began = System.nanoTime();
                    before = meter.read();
                    seenAtFirst = applied;
                }
                if (goals.stream().allMatch(goal -> now(connection, goal) == goal.end())) {
                    // all parts of the history are alike, so the share of applied versions is the share of applied
                    // events
                    return new Result(
                            (double) (warmUp + events) * (whole - seenAtFirst) / whole,
                            (System.nanoTime() - began) / 1e9,
                            meter.read().since(before));
                }
                check.run();
                Thread.sleep(LOOK);
            }
            throw new StackException("%s did not apply the backlog in %d minutes: %s. %s"
                    .formatted(side.name(), LIMIT.toMinutes(), goals, side.lastWords()));
        }
    }

    /** Throws when waiting is useless, because the side has failed. */
    private interface Check {
        void run() throws IOException;
    }

    private static long now(Connection connection, Goal goal) {
        String table = "select to_regclass('%s') is not null".formatted(goal.table());
        boolean there = Database.rows(connection, table).equals(List.of("t"));
        return there ? Long.parseLong(Database.rows(connection, goal.figure()).getFirst()) : 0;
    }

    private static void recreate(Postgres postgres, String database, String owner) {
        Database.of(postgres.jdbcUrl("postgres"))
                .execute(
                        "drop database if exists %s with (force)".formatted(database),
                        "create database %s owner %s".formatted(database, owner),
                        "checkpoint");
    }
}
