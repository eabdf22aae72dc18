package dev.afterimage.cli.command;

import com.fasterxml.jackson.databind.JsonNode;
import dev.afterimage.cli.service.Floor;
import dev.afterimage.cli.service.ProcessMemory;
import dev.afterimage.cli.service.RestService;
import dev.afterimage.cli.terminal.Figures;
import dev.afterimage.cli.terminal.Screen;
import dev.afterimage.stack.Server;
import dev.afterimage.stack.StackException;
import java.io.IOException;
import java.io.PrintWriter;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.IntToDoubleFunction;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/**
 * Measures the running pipeline: the time from POST until the order is readable in the read model, in total and by
 * stage, memory, and idle CPU.
 */
@Command(
        name = "measure",
        description = "Measures the running pipeline: latency from POST to readable at a fixed rate, memory, idle CPU.")
public final class MeasureCommand extends PipelineCommand {

    private static final String READABLE = "POST to readable in the read model";
    private static final String FLOOR = "together";
    private static final int[] BOUNDS_MS = {5, 10, 15, 20, 30, 40, 60, 80, 120, 200, 500};

    @Option(names = "--rate", paramLabel = "N", defaultValue = "30", description = "orders a second (${DEFAULT-VALUE})")
    private int rate;

    @Option(
            names = "--seconds",
            paramLabel = "SECONDS",
            defaultValue = "30",
            description = "measured time in seconds (${DEFAULT-VALUE})")
    private int seconds;

    @Option(
            names = "--warm-up",
            paramLabel = "TIME",
            defaultValue = "20s",
            description = "warm-up time (${DEFAULT-VALUE})")
    private Duration warmUp = Duration.ofSeconds(20);

    @Option(
            names = "--idle",
            paramLabel = "TIME",
            defaultValue = "20s",
            description = "time to wait for idleness, and then to measure it; 0s for neither (${DEFAULT-VALUE})")
    private Duration idle = Duration.ofSeconds(20);

    @Option(
            names = "--floor",
            paramLabel = "TIME",
            defaultValue = "10s",
            description =
                    "time to measure what PostgreSQL and Kafka alone need for an order; 0s: not (${DEFAULT-VALUE})")
    private Duration floor = Duration.ofSeconds(10);

    @Option(names = "--json", description = "the figures as one JSON object; the text goes to standard error")
    private boolean json;

    /** Percentiles by what was measured. */
    private final Map<String, Map<String, Double>> latencies = new LinkedHashMap<>();

    /** Memory and idle CPU by process. */
    private final Map<String, Map<String, Number>> processes = new LinkedHashMap<>();

    /**
     * Nanoseconds.
     *
     * @param announced from the POST to the time of the order's event
     * @param answered from the POST to its answer
     * @param readable from the POST to the answer of the GET that waits for the order
     * @param shown from the write of the row in the read model to that answer
     */
    private record Sample(long announced, long answered, long readable, long shown) {}

    @Override
    public Integer call() throws Exception {
        if (rate < 1 || seconds < 1) {
            throw wrong("--rate and --seconds are at least 1");
        }
        PrintWriter out = json ? err() : out();
        RestService orders = ports.orderService();
        RestService projection = ports.projectionService();
        Map<String, ?> order = orders.anOrder();
        int warmUpSeconds = (int) warmUp.toSeconds();
        out.printf("Warming up for %d s at %d orders/s ...%n", warmUpSeconds, rate);
        // the rate rises slowly: at the full rate, JVMs that have just started build up a queue that lasts for a long
        // time
        run(
                orders,
                projection,
                order,
                rate * warmUpSeconds / 2,
                i -> warmUpSeconds * Math.sqrt(i * 2.0 / rate / warmUpSeconds));
        out.printf("Measuring for %d s ...%n", seconds);
        var before = StageBuckets.of(projection.text("/q/metrics"));
        List<Sample> samples = run(orders, projection, order, rate * seconds, i -> (double) i / rate);
        var after = StageBuckets.of(projection.text("/q/metrics"));
        out.printf("%d orders at %d/s%n", samples.size(), rate);
        percentiles(out, "POST to its answer", samples.stream().mapToLong(Sample::answered));
        percentiles(out, READABLE, samples.stream().mapToLong(Sample::readable));
        histogram(out, samples.stream().mapToLong(Sample::readable).toArray());
        out.println("By stage");
        stage(out, "POST to its event", samples.stream().mapToLong(Sample::announced));
        stage(out, "commit to Connect", "commit-to-connect", before, after);
        stage(out, "Connect to visible on the topic", "connect-to-visible", before, after);
        stage(out, "visible to applied", "visible-to-applied", before, after);
        stage(out, "applied to readable", samples.stream().mapToLong(Sample::shown));
        if (floor.toSeconds() > 0) {
            floor(out, (int) floor.toSeconds());
        }
        if (idle.toSeconds() > 0) {
            resources(out, idle.toSeconds());
        }
        if (json) {
            try (Screen screen = screen()) {
                screen.json(Map.of(
                        "orders",
                        samples.size(),
                        "ordersPerSecond",
                        rate,
                        "latencyMs",
                        latencies,
                        "processes",
                        processes));
            }
        }
        return 0;
    }

    /** A pipeline in containers has no PostgreSQL for a superuser here, and so no floor. */
    private void floor(PrintWriter out, int length) {
        out.printf("Measuring PostgreSQL and Kafka alone for %d s ...%n", length);
        try {
            List<Map<Floor.Stage, Long>> rounds = new Floor(ports).measure(rate, Math.min(length, 5), length);
            out.println("The floor of this machine");
            for (Floor.Stage stage : Floor.Stage.values()) {
                stage(out, stage.label(), rounds.stream().mapToLong(round -> round.getOrDefault(stage, 0L)));
            }
            stage(out, FLOOR, rounds.stream().mapToLong(Floor::together));
            out.printf(
                    "POST to readable is %.1f times the floor at p50, %.1f times at p99%n", ratio("p50"), ratio("p99"));
        } catch (StackException e) {
            out.println("No floor: " + e.getMessage());
        }
    }

    private double ratio(String quantile) {
        return latencies.getOrDefault(READABLE, Map.of()).getOrDefault(quantile, 0.0)
                / latencies.getOrDefault(FLOOR, Map.of()).getOrDefault(quantile, 1.0);
    }

    private void stage(PrintWriter out, String what, LongStream nanos) {
        long[] sorted = nanos.sorted().toArray();
        stage(out, what, at(sorted, 0.5), at(sorted, 0.99));
    }

    private void stage(PrintWriter out, String what, String stage, StageBuckets before, StageBuckets after) {
        double p50 = after.percentile(stage, 0.5, before);
        if (Double.isNaN(p50)) {
            out.printf("  %-40s no events%n", what);
        } else {
            stage(out, what, p50, after.percentile(stage, 0.99, before));
        }
    }

    private void stage(PrintWriter out, String what, double p50, double p99) {
        latencies.put(what, Map.of("p50", p50, "p99", p99));
        out.printf("  %-40s p50 %5.1f ms   p99 %5.1f ms%n", what, p50, p99);
    }

    /**
     * Places the orders at fixed times, however slow the answers are: a slow pipeline must not slow down its own
     * measurement.
     *
     * @param due when each order is placed, in seconds after the start
     */
    private static List<Sample> run(
            RestService orders, RestService projection, Map<String, ?> order, int count, IntToDoubleFunction due)
            throws Exception {
        List<Future<Sample>> running = new ArrayList<>();
        try (ExecutorService clients = Executors.newCachedThreadPool()) {
            long start = System.nanoTime();
            for (int i = 0; i < count; i++) {
                LockSupport.parkNanos(start + (long) (due.applyAsDouble(i) * 1e9) - System.nanoTime());
                running.add(clients.submit(() -> place(orders, projection, order)));
            }
        }
        List<Sample> samples = new ArrayList<>();
        for (var sample : running) {
            try {
                samples.add(sample.get());
            } catch (ExecutionException e) {
                throw e.getCause() instanceof StackException told ? told : e;
            }
        }
        return samples;
    }

    private static Sample place(RestService orders, RestService projection, Map<String, ?> order) {
        Instant sentAt = Instant.now();
        long sent = System.nanoTime();
        JsonNode placed = RestService.expect(201, orders.post("/orders", order));
        long answered = System.nanoTime() - sent;
        JsonNode read = RestService.expect(
                200, projection.get("/orders/" + placed.path("id").asText() + "?minVersion=1&wait=10s"));
        long readable = System.nanoTime() - sent;
        return new Sample(
                sentAt.until(time(placed.path("createdAt")), ChronoUnit.NANOS),
                answered,
                readable,
                time(read.path("cdc").path("syncedAt")).until(sentAt.plusNanos(readable), ChronoUnit.NANOS));
    }

    private static Instant time(JsonNode text) {
        return Instant.parse(text.asText());
    }

    private void percentiles(PrintWriter out, String what, LongStream nanos) {
        long[] sorted = nanos.sorted().toArray();
        latencies.put(
                what,
                Map.of(
                        "p50", at(sorted, 0.5),
                        "p90", at(sorted, 0.9),
                        "p99", at(sorted, 0.99),
                        "max", at(sorted, 1)));
        out.printf(
                "%-36s p50 %5.1f ms   p90 %5.1f ms   p99 %5.1f ms   max %5.1f ms%n",
                what, at(sorted, 0.5), at(sorted, 0.9), at(sorted, 0.99), at(sorted, 1));
    }

    /** Prints a histogram of the latency, one line for each range; the last range has no upper bound. */
    private static void histogram(PrintWriter out, long[] nanos) {
        long[] counts = new long[BOUNDS_MS.length + 1];
        for (long each : nanos) {
            int found = Arrays.binarySearch(BOUNDS_MS, (int) Math.min(Integer.MAX_VALUE, each / 1_000_000));
            counts[found < 0 ? -found - 1 : found + 1]++;
        }
        for (int i = 0; i < counts.length; i++) {
            double share = (double) counts[i] / nanos.length;
            String range =
                    i == BOUNDS_MS.length ? "more" : "%d-%d ms".formatted(i == 0 ? 0 : BOUNDS_MS[i - 1], BOUNDS_MS[i]);
            out.printf("  %10s %5.1f %% %s%n", range, 100 * share, "#".repeat((int) Math.round(60 * share)));
        }
    }

    private static double at(long[] sorted, double quantile) {
        return sorted[Math.max(0, (int) Math.ceil(quantile * sorted.length) - 1)] / 1e6;
    }

    // -- memory and CPU of the processes, which are found by the stack's pid files

    private void resources(PrintWriter out, long length) throws IOException, InterruptedException {
        Map<String, List<ProcessHandle>> parts = new TreeMap<>();
        Server.pids(ports.home).forEach((name, pid) -> ProcessHandle.of(pid)
                .ifPresent(process -> parts.put(
                        name,
                        Stream.concat(Stream.of(process), process.descendants()).toList())));
        parts.values().stream()
                .findFirst()
                .flatMap(any -> any.get(0).parent())
                .ifPresent(parent -> parts.put("afterimage up", List.of(parent)));
        out.printf("Waiting %d s until the pipeline is idle ...%n", length);
        TimeUnit.SECONDS.sleep(length);
        Map<String, Long> before = new TreeMap<>();
        parts.forEach((name, processes) -> before.put(name, cpuMillis(processes)));
        out.printf("Measuring idle CPU for %d s ...%n", length);
        TimeUnit.SECONDS.sleep(length);
        long total = 0;
        for (Map.Entry<String, List<ProcessHandle>> part : parts.entrySet()) {
            double percent =
                    100.0 * (cpuMillis(part.getValue()) - before.getOrDefault(part.getKey(), 0L)) / (length * 1_000.0);
            long bytes = 0;
            for (ProcessHandle process : part.getValue()) {
                bytes += ProcessMemory.bytes(process.pid());
            }
            total += bytes;
            processes.put(part.getKey(), Map.of("memoryBytes", bytes, "idleCpuPercent", percent));
            out.printf("%-20s %10s   idle CPU %4.1f %% of a core%n", part.getKey(), Figures.bytes(bytes), percent);
        }
        out.printf(
                "%-20s %10s (PSS: a page that n processes share counts 1/n in each)%n",
                "together", Figures.bytes(total));
    }

    private static long cpuMillis(List<ProcessHandle> processes) {
        return processes.stream()
                .mapToLong(process ->
                        process.info().totalCpuDuration().orElse(Duration.ZERO).toMillis())
                .sum();
    }
}
