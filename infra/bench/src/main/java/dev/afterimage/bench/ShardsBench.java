package dev.afterimage.bench;

import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.afterimage.stack.ConnectWorker;
import dev.afterimage.stack.Connectors;
import dev.afterimage.stack.Folders;
import dev.afterimage.stack.KafkaBroker;
import dev.afterimage.stack.Postgres;
import dev.afterimage.stack.Server;
import dev.afterimage.stack.StackConfig;
import dev.afterimage.stack.StackException;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.ListOffsetsOptions;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.IsolationLevel;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** Lets one replication slot and then several, each a shard of the aggregates, publish the same backlog of outbox rows. */
@Command(
        name = "shards",
        description =
                "Compares how fast one replication slot and several shards of it publish the same backlog of events.",
        mixinStandardHelpOptions = true)
final class ShardsBench implements Callable<Integer> {

    /** Of data and logs, emptied at start. */
    private static final Path HOME = Path.of("infra/bench/target/shards");

    private static final Path MIGRATIONS = Path.of("order-service/src/main/resources/db/migration");
    private static final Duration LIMIT = Duration.ofMinutes(5);
    private static final Duration LOOK = Duration.ofMillis(50);
    private static final Duration QUIET = Duration.ofSeconds(1);
    /** As many as order.events has in the local pipeline. */
    private static final int PARTITIONS = 4;

    @Option(names = "--events", defaultValue = "200000", description = "in each round's backlog (${DEFAULT-VALUE})")
    private int events;

    @Option(names = "--orders", defaultValue = "10000", description = "that the events belong to (${DEFAULT-VALUE})")
    private int orders;

    @Option(names = "--rounds", defaultValue = "3", description = "of both sides (${DEFAULT-VALUE})")
    private int rounds;

    @Option(names = "--shards", defaultValue = "2", description = "a power of two (${DEFAULT-VALUE})")
    private int shards;

    @Option(names = "--workers", defaultValue = "1", description = "of Kafka Connect, 1 or 2 (${DEFAULT-VALUE})")
    private int workers;

    @Spec
    private @Nullable CommandSpec spec;

    private final JsonMapper json = new JsonMapper();

    /** One side: the connectors that share the work, and the topic that they write. */
    private record Side(String name, String topic, List<Path> connectors) {}

    private record Result(double perSecond, Map<String, Duration> cpu, Duration took) {}

    @Override
    public Integer call() throws Exception {
        CommandLine command = Objects.requireNonNull(spec).commandLine();
        if (orders < 1 || events < orders || events % orders != 0 || rounds < 1) {
            throw new ParameterException(command, "--events is a multiple of --orders, --rounds at least 1");
        }
        if (workers < 1 || workers > 2) {
            throw new ParameterException(command, "--workers is 1 or 2");
        }
        Folders.delete(HOME);
        List<Integer> ports = StackConfig.freePorts(5);
        StackConfig stack =
                new StackConfig(HOME, ports.get(0), ports.get(1), ports.get(2), ports.get(3), StackConfig.NO_REGISTRY);
        Postgres postgres = Postgres.start(stack);
        KafkaBroker kafka = KafkaBroker.start(stack);
        ConnectWorker connect = ConnectWorker.start(stack);
        Map<String, Server> processes = new LinkedHashMap<>(Map.of("PostgreSQL", postgres, "Kafka", kafka));
        processes.put("Connect", connect);
        if (workers == 2) {
            processes.put(
                    "Connect 2",
                    ConnectWorker.start(new StackConfig(
                            HOME.resolve("worker-2"),
                            ports.get(0),
                            ports.get(1),
                            ports.get(2),
                            ports.get(4),
                            StackConfig.NO_REGISTRY)));
        }
        prepare(postgres);
        Side one = side("1 slot", "one.events", List.of(Connectors.folder().resolve("order-outbox.json")));
        Side several = side(shards + " slots", "several.events", shards(postgres));
        try (Admin admin = kafka.admin()) {
            admin.createTopics(Stream.of(one, several)
                            .map(side -> new NewTopic(side.topic(), PARTITIONS, (short) 1))
                            .toList())
                    .all()
                    .get();
            double[] ratios = new double[rounds];
            say("Making the slots, and publishing %d events to warm up ...".formatted(events));
            for (Side side : List.of(one, several)) {
                apply(connect, postgres, side);
            }
            publish(postgres, 0);
            awaitAll(admin, processes, one, 0);
            awaitAll(admin, processes, several, 0);
            delete(connect, one);
            delete(connect, several);
            for (int round = 1; round <= rounds; round++) {
                publish(postgres, round);
                Result ofOne = report(round, one, measure(admin, connect, processes, one));
                delete(connect, one);
                Result ofSeveral = report(round, several, measure(admin, connect, processes, several));
                delete(connect, several);
                ratios[round - 1] = ofSeveral.perSecond() / ofOne.perSecond();
            }
            Arrays.sort(ratios);
            say("%s publish %.2f times (%.2f to %.2f) as fast as one"
                    .formatted(several.name(), ratios[ratios.length / 2], ratios[0], ratios[ratios.length - 1]));
        }
        for (Side side : List.of(one, several)) {
            verify(kafka, side);
        }
        return 0;
    }

    /** The database as order-service makes it. */
    private static void prepare(Postgres postgres) throws IOException, SQLException {
        try (Stream<Path> files = Files.list(MIGRATIONS)) {
            for (Path file :
                    files.sorted(Comparator.comparing(Path::getFileName)).toList()) {
                run(postgres, "set role orders_owner; " + Files.readString(file));
            }
        }
    }

    private List<Path> shards(Postgres postgres) throws IOException, InterruptedException, SQLException {
        Path folder = HOME.resolve("connectors");
        Process script = new ProcessBuilder(
                        "bash",
                        Connectors.folder().resolve("recipes/shards.sh").toString(),
                        Integer.toString(shards),
                        folder.toString())
                .redirectErrorStream(true)
                .start();
        String said = new String(script.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        if (script.waitFor() != 0) {
            throw new StackException(said.strip());
        }
        run(postgres, "set role orders_owner; " + Files.readString(folder.resolve("publications.sql")));
        try (Stream<Path> files = Files.list(folder)) {
            return files.filter(file -> file.toString().endsWith(".json")).toList();
        }
    }

    /** Connectors that differ from the files in nothing but the topic. */
    private static Side side(String name, String topic, List<Path> connectors) throws IOException {
        Path folder = Files.createDirectories(HOME.resolve(topic));
        List<Path> own = new ArrayList<>();
        for (Path file : connectors) {
            own.add(Files.writeString(
                    folder.resolve(file.getFileName()),
                    Files.readString(file).replace("${routedByValue}.events", topic)));
        }
        return new Side(name, topic, own);
    }

    /** Returns when each slot of the side is read. */
    private static void apply(ConnectWorker connect, Postgres postgres, Side side) throws InterruptedException {
        applyAll(connect, side);
        for (Path connector : side.connectors()) {
            String slot = name(connector).replace('-', '_');
            while (!postgres.replicates(slot)) {
                Thread.sleep(LOOK);
            }
        }
    }

    /** All at once, so that none has a start. */
    private static void applyAll(ConnectWorker connect, Side side) {
        side.connectors().parallelStream()
                .forEach(connector -> connect.connectors().apply(connector));
    }

    private static void delete(ConnectWorker connect, Side side) throws IOException {
        for (Path connector : side.connectors()) {
            connect.connectors().delete(name(connector));
        }
    }

    private static String name(Path connector) {
        return String.valueOf(connector.getFileName()).replace(".json", "");
    }

    /** As order-service does: an event a transaction, its row inserted and deleted in it; each order's next version in turn. */
    private void publish(Postgres postgres, int round) throws SQLException {
        int changes = events / orders;
        long wal = wal(postgres);
        run(postgres, """
                do $$
                declare
                  event uuid;
                  image text := '{"id": "%%1$s", "customerId": "%%1$s", "status": "PAID", "currency": "EUR", "total": "89.70", "items": ['
                    '{"productId": "%%1$s", "quantity": 2, "unitPrice": "29.90", "lineTotal": "59.80"}, '
                    '{"productId": "%%1$s", "quantity": 1, "unitPrice": "29.90", "lineTotal": "29.90"}], '
                    '"createdAt": "2026-11-21T09:00:00.123456Z", "updatedAt": "2026-11-21T09:00:00.123456Z", "version": %%2$s}';
                begin
                  set synchronous_commit = off;
                  for v in %d..%d loop
                    for n in 1..%d loop
                      event := gen_random_uuid();
                      insert into outbox (id, aggregate_type, aggregate_id, type, payload, created_at)
                      select event, 'order', id, 'OrderStatusChanged', format('{"op": "u", "before": %%s, "after": %%s, '
                        '"source": {"service": "order-service", "aggregate": "order", "version": %%s, "eventType": "OrderStatusChanged"}, '
                        '"ts_ms": 1795251600123}', format(image, id, v - 1), format(image, id, v), v)::jsonb, now()
                      from md5(n::text) as hash, cast(hash as uuid) as id;
                      delete from outbox where id = event;
                      commit;
                    end loop;
                  end loop;
                end
                $$
                """.formatted(round * changes + 1, (round + 1) * changes, orders));
        if (round == 0) {
            say("  an event takes %.0f bytes of PostgreSQL's log".formatted((double) (wal(postgres) - wal) / events));
        }
    }

    private static long wal(Postgres postgres) throws SQLException {
        try (Connection connection = postgres.connect("orders");
                Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery("select pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')::bigint")) {
            row.next();
            return row.getLong(1);
        }
    }

    private Result measure(Admin admin, ConnectWorker connect, Map<String, Server> processes, Side side)
            throws ExecutionException, InterruptedException {
        long before = ends(admin, side);
        applyAll(connect, side);
        return awaitAll(admin, processes, side, before);
    }

    /** Measures from the first event that readers can see on the topic to the last, after which it does not grow. */
    private Result awaitAll(Admin admin, Map<String, Server> processes, Side side, long before)
            throws ExecutionException, InterruptedException {
        long deadline = System.nanoTime() + LIMIT.toNanos();
        Usage first = Usage.of(processes);
        Usage last = first;
        long end = before;
        while (end < before + events || System.nanoTime() - last.atNanos() < QUIET.toNanos()) {
            long now = ends(admin, side);
            if (now > end) {
                last = Usage.of(processes);
                first = end == before ? last : first;
                end = now;
            }
            if (System.nanoTime() > deadline) {
                throw new StackException("Of %d events %s published %d within %d min."
                        .formatted(events, side.name(), end - before, LIMIT.toMinutes()));
            }
            Thread.sleep(LOOK);
        }
        Duration took = Duration.ofNanos(last.atNanos() - first.atNanos());
        return new Result(events / (took.toNanos() / 1e9), last.since(first), took);
    }

    /**
     * What the processes have used of the CPU up to a moment.
     *
     * @param cpu by the server that they belong to; those which have ended count no more
     */
    private record Usage(long atNanos, Map<String, Map<ProcessHandle, Duration>> cpu) {

        static Usage of(Map<String, Server> servers) {
            Map<String, Map<ProcessHandle, Duration>> cpu = new LinkedHashMap<>();
            servers.forEach((name, server) -> cpu.put(
                    name,
                    Optional.ofNullable(server.pid()).flatMap(ProcessHandle::of).stream()
                            .flatMap(process -> Stream.concat(Stream.of(process), process.descendants()))
                            .collect(Collectors.toMap(
                                    Function.identity(),
                                    process -> process.info().totalCpuDuration().orElse(Duration.ZERO)))));
            return new Usage(System.nanoTime(), cpu);
        }

        Map<String, Duration> since(Usage before) {
            Map<String, Duration> used = new LinkedHashMap<>();
            cpu.forEach((name, processes) -> used.put(
                    name,
                    processes.entrySet().stream()
                            .map(each -> each.getValue()
                                    .minus(before.cpu
                                            .getOrDefault(name, Map.of())
                                            .getOrDefault(each.getKey(), Duration.ZERO)))
                            .reduce(Duration.ZERO, Duration::plus)));
            return used;
        }
    }

    /** The sum of the offsets up to which the topic can be read; a marker for each transaction among them. */
    private static long ends(Admin admin, Side side) throws ExecutionException, InterruptedException {
        return admin
                .listOffsets(
                        partitions(side).stream()
                                .collect(Collectors.toMap(Function.identity(), _ -> OffsetSpec.latest())),
                        new ListOffsetsOptions(IsolationLevel.READ_COMMITTED))
                .all()
                .get()
                .values()
                .stream()
                .mapToLong(partition -> partition.offset())
                .sum();
    }

    private static List<TopicPartition> partitions(Side side) {
        return IntStream.range(0, PARTITIONS)
                .mapToObj(partition -> new TopicPartition(side.topic(), partition))
                .toList();
    }

    private Result report(int round, Side side, Result result) {
        say("  round %d: %-8s %7.0f events/s; CPU an event: %s; cores busy: %.2f"
                .formatted(
                        round,
                        side.name(),
                        result.perSecond(),
                        result.cpu().entrySet().stream()
                                .map(each -> "%s %.0f µs"
                                        .formatted(
                                                each.getKey(), each.getValue().toNanos() / 1e3 / events))
                                .collect(Collectors.joining(", ")),
                        (double) result.cpu().values().stream()
                                        .mapToLong(Duration::toNanos)
                                        .sum()
                                / result.took().toNanos()));
        return result;
    }

    /** Each order's versions are there from the first to the last, in their order, each once. */
    private void verify(KafkaBroker kafka, Side side) throws IOException {
        long last = (long) (rounds + 1) * (events / orders);
        Map<String, Long> versions = new HashMap<>();
        long bytes = 0;
        Map<String, Object> settings = Map.of(
                "bootstrap.servers", kafka.bootstrapServers(),
                "isolation.level", "read_committed",
                "auto.offset.reset", "earliest");
        try (var consumer = new KafkaConsumer<>(settings, new StringDeserializer(), new StringDeserializer())) {
            consumer.assign(partitions(side));
            Map<TopicPartition, Long> ends = consumer.endOffsets(partitions(side));
            while (ends.entrySet().stream().anyMatch(end -> consumer.position(end.getKey()) < end.getValue())) {
                for (ConsumerRecord<String, String> record : consumer.poll(Duration.ofSeconds(1))) {
                    long version =
                            json.readTree(record.value()).at("/source/version").asLong();
                    long previous = versions.getOrDefault(record.key(), 0L);
                    if (version != previous + 1) {
                        throw new StackException(
                                "%s: version %d of order %s comes after version %d, partition %d offset %d"
                                        .formatted(
                                                side.name(),
                                                version,
                                                record.key(),
                                                previous,
                                                record.partition(),
                                                record.offset()));
                    }
                    versions.put(record.key(), version);
                    bytes += record.serializedValueSize();
                }
            }
        }
        if (versions.size() != orders || versions.values().stream().anyMatch(version -> version != last)) {
            throw new StackException("%s: events of %d of %d orders are there, or not each one's last"
                    .formatted(side.name(), versions.size(), orders));
        }
        say("%s: %d orders, each with its versions 1 to %d in their order, none missing, none twice; %d bytes an event"
                .formatted(side.name(), orders, last, bytes / (orders * last)));
    }

    private static void run(Postgres postgres, String sql) throws SQLException {
        try (Connection connection = postgres.connect("orders");
                Statement statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }

    private void say(String line) {
        PrintWriter out = Objects.requireNonNull(spec).commandLine().getOut();
        out.println(line);
        out.flush();
    }
}
