package dev.afterimage.bench;

import static dev.afterimage.bench.Bench.say;

import dev.afterimage.stack.Folders;
import dev.afterimage.stack.KafkaBroker;
import dev.afterimage.stack.Postgres;
import dev.afterimage.stack.StackConfig;
import dev.afterimage.testing.Database;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** Runs the two services and Debezium's outbox example in turn on the same servers, and prints one table. */
@Command(
        name = "peers",
        description = "Compares the pipeline with Debezium's own outbox example, in turn on the same servers.",
        mixinStandardHelpOptions = true)
final class PeersBench implements Callable<Integer> {

    private static final Path HOME = Path.of("infra/bench/target/peers");

    @Option(names = "--rounds", defaultValue = "3", description = "rounds of both sides (${DEFAULT-VALUE})")
    private int rounds;

    @Option(names = "--rate", defaultValue = "30", description = "orders a second for latency (${DEFAULT-VALUE})")
    private int rate;

    @Option(names = "--seconds", defaultValue = "20", description = "seconds at this rate (${DEFAULT-VALUE})")
    private int seconds;

    @Option(names = "--load", defaultValue = "5", description = "seconds of each other load (${DEFAULT-VALUE})")
    private int load;

    @Option(
            names = "--warm-up",
            defaultValue = "30",
            description = "seconds of warm-up by 8 clients after each start (${DEFAULT-VALUE})")
    private int warmUp;

    @Option(
            names = "--behind",
            defaultValue = "5000",
            description = "orders that wait for the consumer (${DEFAULT-VALUE})")
    private int behind;

    @Option(
            names = "--idle",
            defaultValue = "10",
            description = "seconds to wait for idleness, and then to measure it (${DEFAULT-VALUE})")
    private int idle;

    @Option(names = "--example-only", description = "measure the example alone")
    private boolean exampleOnly;

    @Spec
    private @Nullable CommandSpec spec;

    /** The figures of each round, by line and by column. */
    private final Map<String, Map<String, List<double[]>>> figures = new LinkedHashMap<>();

    @Override
    public Integer call() throws Exception {
        if (rounds < 1 || rate < 1 || seconds < 1 || load < 1 || warmUp < 1 || behind < 1 || idle < 1) {
            throw new ParameterException(Objects.requireNonNull(spec).commandLine(), "every number is at least 1");
        }
        Folders.delete(HOME);
        List<Integer> ports = StackConfig.freePorts(6);
        StackConfig stack =
                new StackConfig(HOME, ports.get(0), ports.get(1), ports.get(2), ports.get(3), StackConfig.NO_REGISTRY);
        Postgres postgres = Postgres.start(stack);
        KafkaBroker kafka = KafkaBroker.start(stack);
        Database server = Database.of(postgres.jdbcUrl("postgres"));
        PeerSide.EXAMPLE_DATABASES.forEach(database -> server.execute("create database " + database));
        try (Admin admin = kafka.admin()) {
            admin.createTopics(List.of(new NewTopic(PeerSide.EXAMPLE_TOPIC, 1, (short) 1)))
                    .all()
                    .get();
        }
        PeerSide ours = PeerSide.afterimage(stack, postgres, kafka, ports.get(4), ports.get(5));
        PeerSide example = PeerSide.example(stack, postgres, kafka, ports.get(4), ports.get(5));
        CustomersAndProducts shop;
        try (QuarkusJar service = ours.orders().get().startForThisRun();
                HttpConnection connection = service.connect()) {
            shop = CustomersAndProducts.open(connection);
        }
        List<PeerSide> sides = exampleOnly ? List.of(example) : List.of(ours, example);
        for (int round = 1; round <= rounds; round++) {
            // the order is reversed in each round, so that a drift of the machine's speed favours no side
            for (PeerSide side : round % 2 == 1 ? sides : sides.reversed()) {
                try (PeerRun run = new PeerRun(side, stack, postgres, kafka, shop)) {
                    run.connect(side.variants().getFirst());
                    run.ordersPerSecond(8, Duration.ofSeconds(warmUp));
                    for (PeerSide.Variant variant : side.variants()) {
                        say("round %d: %s".formatted(round, variant.name()));
                        measure(run, variant);
                    }
                    // last, because it starts a new JVM
                    add(side.variants().getLast(), "consumer behind, orders/s", run.behind(behind));
                }
            }
        }
        print(sides);
        return 0;
    }

    private void measure(PeerRun run, PeerSide.Variant variant) throws Exception {
        Duration each = Duration.ofSeconds(load);
        run.connect(variant);
        run.ordersPerSecond(8, each);
        List<PeerRun.Times> times = run.atRate(rate, seconds);
        add(
                variant,
                "POST at %d/s: p50; p99, ms".formatted(rate),
                PeerRun.Times.percentiles(times, PeerRun.Times::answered));
        add(
                variant,
                "POST to readable at %d/s: p50; p99, ms".formatted(rate),
                PeerRun.Times.percentiles(times, PeerRun.Times::readable));
        Duration before = run.cpu();
        int orders = run.atRate(100, load).size();
        add(variant, "CPU an order at 100/s, ms", run.cpu().minus(before).toNanos() / 1e6 / orders);
        add(variant, "orders/s at 8; 32 clients", run.ordersPerSecond(8, each), run.ordersPerSecond(32, each));
        TimeUnit.SECONDS.sleep(idle);
        before = run.cpuOfConnect();
        TimeUnit.SECONDS.sleep(idle);
        add(
                variant,
                "Connect idle, % of a core",
                run.cpuOfConnect().minus(before).toNanos() / 1e7 / idle);
        add(variant, "memory of both services, MB", run.bytesOfServices() / 1e6);
    }

    private void add(PeerSide.Variant variant, String line, double... values) {
        figures.computeIfAbsent(line, _ -> new LinkedHashMap<>())
                .computeIfAbsent(variant.name(), _ -> new ArrayList<>())
                .add(values);
        say("  %-40s %s".formatted(line, text(values)));
    }

    /** Prints the table as Markdown. */
    private void print(List<PeerSide> sides) {
        List<String> names = new ArrayList<>();
        List<String> delivery = new ArrayList<>();
        for (PeerSide side : sides) {
            for (PeerSide.Variant variant : side.variants()) {
                names.add(variant.name());
                delivery.add(side.exactlyOnce() ? "exactly once" : "at least once");
            }
        }
        say("");
        row("", names);
        row("---", Collections.nCopies(names.size(), "---"));
        row("Connect publishes", delivery);
        figures.forEach((line, columns) -> row(
                line,
                names.stream()
                        .map(name -> columns.containsKey(name) ? text(medians(columns.get(name))) : "")
                        .toList()));
    }

    private static void row(String first, List<String> others) {
        say("| %s | %s |".formatted(first, String.join(" | ", others)));
    }

    private static double[] medians(List<double[]> rounds) {
        return IntStream.range(0, rounds.getFirst().length)
                .mapToDouble(i ->
                        rounds.stream().mapToDouble(round -> round[i]).sorted().toArray()[rounds.size() / 2])
                .toArray();
    }

    /** With three significant digits or more. */
    private static String text(double... values) {
        return Arrays.stream(values)
                .mapToObj(value -> (value < 100 ? "%.1f" : "%,.0f").formatted(value))
                .collect(Collectors.joining("; "));
    }
}
