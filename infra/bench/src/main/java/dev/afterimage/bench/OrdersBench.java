package dev.afterimage.bench;

import static dev.afterimage.bench.Bench.say;

import dev.afterimage.bench.CustomersAndProducts.Choice;
import dev.afterimage.stack.Jvm;
import dev.afterimage.stack.StackConfig;
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
import java.util.function.ToDoubleFunction;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** Places orders by the service and by JDBC in turn, and compares the results. */
@Command(
        name = "orders",
        description = "Compares POST /orders with the same SQL transaction by plain JDBC, in turn on one PostgreSQL.",
        mixinStandardHelpOptions = true)
final class OrdersBench implements Callable<Integer> {

    @Option(
            names = "--clients",
            split = ",",
            defaultValue = "1,8,32",
            description = "numbers of clients (${DEFAULT-VALUE})")
    private List<Integer> clients = List.of();

    @Option(names = "--rounds", defaultValue = "5", description = "rounds for each number (${DEFAULT-VALUE})")
    private int rounds;

    @Option(names = "--seconds", defaultValue = "5", description = "seconds of each side in a round (${DEFAULT-VALUE})")
    private int seconds;

    @Option(
            names = "--warm-up",
            defaultValue = "30000",
            description = "orders of each side before; a count, because the JIT counts calls (${DEFAULT-VALUE})")
    private int warmUp;

    @Option(
            names = "--jar",
            defaultValue = "order-service/target/quarkus-app/quarkus-run.jar",
            description = "the order-service to measure (${DEFAULT-VALUE})")
    private Path jar = Path.of("");

    @Option(
            names = "--variant",
            paramLabel = "OPTIONS",
            description = "another order-service to compare: JVM options separated by blanks, and optionally the"
                    + " quarkus-run.jar of another build; may be repeated")
    private List<String> variants = new ArrayList<>();

    @Option(
            names = "--home",
            defaultValue = "infra/bench/target/run",
            description = "folder of data and logs; its orders are dropped at start (${DEFAULT-VALUE})")
    private Path home = Path.of("");

    @Spec
    private @Nullable CommandSpec spec;

    /** A side, and the meter of the processes that work for it. */
    private record Contender(OrderWriter side, Cpu.Meter meter) {}

    @Override
    public Integer call() throws Exception {
        CommandLine command = Objects.requireNonNull(spec).commandLine();
        if (clients.isEmpty() || Collections.min(clients) < 1 || rounds < 1 || seconds < 1 || warmUp < 1) {
            throw new ParameterException(command, "--clients, --rounds, --seconds and --warm-up are at least 1");
        }
        List<Contender> contenders = contenders();
        for (int number : clients) {
            compare(contenders, number);
        }
        return 0;
    }

    /** JDBC, the service and the variants, all warmed up. */
    private List<Contender> contenders() throws Exception {
        List<Integer> ports = StackConfig.freePorts(5 + variants.size());
        StackConfig stack = new StackConfig(
                        home, ports.get(0), ports.get(1), ports.get(2), ports.get(3), StackConfig.NO_REGISTRY)
                .with(Jvm.OPTIMIZING);
        OrdersDatabase database = OrdersDatabase.start(stack);
        var settings = Map.of("QUARKUS_DATASOURCE_JDBC_URL", database.jdbcUrl());
        var service = new QuarkusJar("order-service", stack, jar, List.of(), ports.get(4), settings).startForThisRun();
        List<Contender> contenders = new ArrayList<>();
        CustomersAndProducts shop;
        try (HttpConnection connection = service.connect()) {
            shop = CustomersAndProducts.open(connection);
            contenders.add(warm(new HttpOrders(service, shop), database.meter(service)));
            int connections = database.connections();
            Choice choice = shop.choose();
            OrderTransaction transaction = database.record(connection, choice);
            say("Both sides: begin,%n%s    commit; at most %d connections, as many as the service opened."
                    .formatted(transaction.outline(), connections));
            OrderWriter jdbc = new JdbcOrders(database.jdbcUrl(), connections, shop, transaction, choice);
            contenders.addFirst(warm(jdbc, database.meter(null)));
        }
        for (int i = 0; i < variants.size(); i++) {
            List<String> options =
                    new ArrayList<>(List.of(variants.get(i).strip().split(" +")));
            Path variantJar = options.getLast().endsWith(".jar") ? Path.of(options.removeLast()) : jar;
            var variant = new QuarkusJar("variant-" + (i + 1), stack, variantJar, options, ports.get(5 + i), settings)
                    .startForThisRun();
            say("%s is %s".formatted(variant.name(), variants.get(i)));
            contenders.add(warm(new HttpOrders(variant, shop), database.meter(variant)));
        }
        return contenders;
    }

    /** Warms the side up with the largest number of clients, so that its pool grows to its full size. */
    private Contender warm(OrderWriter side, Cpu.Meter meter) throws Exception {
        say("%s warms up with %d orders ...".formatted(side.name(), warmUp));
        List<OrderWriter.Client> connected = side.connect(Collections.max(clients));
        try {
            for (int placed = 0; placed < warmUp; ) {
                placed += Round.run(connected, Duration.ofSeconds(1), meter).nanos().length;
            }
        } finally {
            connected.forEach(OrderWriter.Client::close);
        }
        return new Contender(side, meter);
    }

    private void compare(List<Contender> contenders, int number) throws Exception {
        say("%n%d client%s".formatted(number, number == 1 ? "" : "s"));
        Map<Contender, List<Round>> results = new LinkedHashMap<>();
        Map<Contender, List<OrderWriter.Client>> connected = new LinkedHashMap<>();
        try {
            for (Contender contender : contenders) {
                results.put(contender, new ArrayList<>());
                connected.put(contender, contender.side().connect(number));
            }
            for (int round = 0; round < rounds; round++) {
                // the order is reversed in each round, so that a drift of the machine's speed favours no side
                for (Contender contender : round % 2 == 0 ? contenders : contenders.reversed()) {
                    Round result = Round.run(
                            Objects.requireNonNull(connected.get(contender)),
                            Duration.ofSeconds(seconds),
                            contender.meter());
                    Objects.requireNonNull(results.get(contender)).add(result);
                    say("  round %d: %-14s %6.0f orders/s"
                            .formatted(round + 1, contender.side().name(), result.ordersPerSecond()));
                }
            }
        } finally {
            connected.values().forEach(each -> each.forEach(OrderWriter.Client::close));
        }
        List<Round> jdbc = Objects.requireNonNull(results.get(contenders.getFirst()));
        say(
                "                 orders/s    ratio to JDBC       p50      p99   CPU per order                                "
                        + "  cores  machine");
        say(
                "                             (lowest, highest)    ms       ms   µs: PostgreSQL + service + clients = together"
                        + "   used     busy");
        results.forEach((contender, all) -> say(line(contender.side().name(), all, jdbc)));
    }

    private static String line(String name, List<Round> all, List<Round> jdbc) {
        long[] nanos = all.stream()
                .flatMapToLong(round -> Arrays.stream(round.nanos()))
                .sorted()
                .toArray();
        Cpu cpu = all.stream().map(Round::cpu).reduce(Cpu.NONE, Cpu::plus);
        double[] ratios = IntStream.range(0, all.size())
                .mapToDouble(i -> all.get(i).ordersPerSecond() / jdbc.get(i).ordersPerSecond())
                .sorted()
                .toArray();
        double elapsed = all.stream().mapToDouble(Round::seconds).sum();
        return "  %-14s %8.0f  %5.2f (%.2f, %.2f)  %6.2f   %6.2f %18.0f %9.0f %9.0f %10.0f %6.2f   %4.0f %%"
                .formatted(
                        name,
                        median(all, Round::ordersPerSecond),
                        ratios[ratios.length / 2],
                        ratios[0],
                        ratios[ratios.length - 1],
                        at(nanos, 0.5) / 1e6,
                        at(nanos, 0.99) / 1e6,
                        micros(cpu.postgres(), nanos.length),
                        micros(cpu.service(), nanos.length),
                        micros(cpu.clients(), nanos.length),
                        micros(cpu.all(), nanos.length),
                        cpu.all().toNanos() / 1e9 / elapsed,
                        100 * median(all, Round::busy));
    }

    private static double micros(Duration used, int orders) {
        return used.toNanos() / 1e3 / orders;
    }

    private static double median(List<Round> rounds, ToDoubleFunction<Round> figure) {
        return rounds.stream().mapToDouble(figure).sorted().toArray()[rounds.size() / 2];
    }

    private static long at(long[] sorted, double quantile) {
        return sorted[Math.max(0, (int) Math.ceil(quantile * sorted.length) - 1)];
    }
}
