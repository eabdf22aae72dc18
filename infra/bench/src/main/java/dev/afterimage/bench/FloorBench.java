package dev.afterimage.bench;

import dev.afterimage.cli.service.Floor;
import dev.afterimage.cli.service.Ports;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** What PostgreSQL and Kafka of the running pipeline can do at best for one order. */
@Command(
        name = "floor",
        description = "The work of an order on the running PostgreSQL and Kafka, without services and connectors.",
        mixinStandardHelpOptions = true)
final class FloorBench implements Callable<Integer> {

    @Mixin
    private Ports ports = new Ports();

    @Option(names = "--rate", defaultValue = "30", description = "orders a second (${DEFAULT-VALUE})")
    private int rate;

    @Option(names = "--seconds", defaultValue = "20", description = "measured time in seconds (${DEFAULT-VALUE})")
    private int seconds;

    @Option(names = "--warm-up", defaultValue = "10", description = "warm-up time in seconds (${DEFAULT-VALUE})")
    private int warmUp;

    @Override
    public Integer call() {
        List<Map<Floor.Stage, Long>> rounds = new Floor(ports).measure(rate, warmUp, seconds);
        for (Floor.Stage stage : Floor.Stage.values()) {
            say(stage.label(), rounds.stream().map(round -> round.getOrDefault(stage, 0L)));
        }
        say("together", rounds.stream().map(Floor::together));
        return 0;
    }

    private static void say(String what, Stream<Long> nanos) {
        long[] sorted = nanos.mapToLong(Long::longValue).sorted().toArray();
        Bench.say("%-40s p50 %5.1f ms   p99 %5.1f ms".formatted(what, at(sorted, 0.5), at(sorted, 0.99)));
    }

    private static double at(long[] sorted, double quantile) {
        return sorted[(int) Math.ceil(quantile * sorted.length) - 1] / 1e6;
    }
}
