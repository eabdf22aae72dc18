package dev.afterimage.bench;

import static dev.afterimage.bench.Bench.say;

import dev.afterimage.stack.Folders;
import dev.afterimage.stack.StackConfig;
import dev.afterimage.stack.StackException;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** Starts the whole pipeline, alternately without and with the class archives that the start before it has left. */
@Command(
        name = "start",
        description =
                "Measures CPU and memory of each process until the pipeline is ready, without and with class archives.",
        mixinStandardHelpOptions = true)
final class StartBench implements Callable<Integer> {

    private static final Path HOME = Path.of("infra/bench/target/start");
    private static final Path COPIES = Path.of("target/run");
    /** A JVM writes its archive when it ends. */
    private static final Duration STOP_LIMIT = Duration.ofMinutes(1);

    @Option(names = "--rounds", defaultValue = "3", description = "rounds of both (${DEFAULT-VALUE})")
    private int rounds;

    /** The sums over all rounds of CPU time and memory of one process, at the time when the pipeline is ready. */
    private static final class Used {
        private long cpuMillis;
        private long residentKilobytes;
        private int times;

        private void add(Stream<ProcessHandle> processes) throws IOException {
            for (ProcessHandle process : processes.toList()) {
                cpuMillis += Cpu.used(process).toMillis();
                residentKilobytes += resident(process.pid());
            }
            times++;
        }

        private String mean() {
            return "%5.1f s %5d MB".formatted(cpuMillis / 1e3 / times, residentKilobytes / 1024 / times);
        }
    }

    private record Start(Map<String, Used> used, List<Double> seconds) {
        Start() {
            this(new TreeMap<>(), new ArrayList<>());
        }
    }

    @Override
    public Integer call() throws Exception {
        Folders.delete(HOME);
        List<Integer> ports = StackConfig.freePorts(7);
        say("Starting once to create the data ...");
        start(ports, new Start());
        Start without = new Start();
        Start with = new Start();
        for (int round = 1; round <= rounds; round++) {
            deleteArchives();
            start(ports, without);
            start(ports, with);
            say("  round %d: ready after %.1f s without archives, %.1f s with"
                    .formatted(
                            round, without.seconds().getLast(), with.seconds().getLast()));
        }
        say("%-20s %-16s  %s".formatted("CPU and resident", "without archives", "with"));
        without.used()
                .forEach((process, used) -> say("%-20s %s  %s"
                        .formatted(
                                process,
                                used.mean(),
                                Objects.requireNonNull(with.used().get(process)).mean())));
        return 0;
    }

    private static void deleteArchives() throws IOException {
        try (Stream<Path> files = Files.walk(COPIES, 3)) {
            for (Path archive :
                    files.filter(file -> file.toString().endsWith(".jsa")).toList()) {
                Files.delete(archive);
            }
        }
    }

    private void start(List<Integer> ports, Start start) throws IOException, InterruptedException {
        ProcessBuilder command = new ProcessBuilder(
                        "infra/afterimage",
                        "up",
                        "--home=" + HOME,
                        "--postgres-port=" + ports.get(0),
                        "--kafka-port=" + ports.get(1),
                        "--kafka-controller-port=" + ports.get(2),
                        "--connect-port=" + ports.get(3),
                        "--connect-metrics-port=" + ports.get(6),
                        "--order-port=" + ports.get(4),
                        "--projection-port=" + ports.get(5))
                .redirectErrorStream(true);
        Process up = command.start();
        try (BufferedReader out = up.inputReader(StandardCharsets.UTF_8)) {
            StringBuilder said = new StringBuilder();
            for (String line = out.readLine(); line != null; line = out.readLine()) {
                said.append(line).append('\n');
                if (line.startsWith("Ready after ")) {
                    start.seconds().add(Double.parseDouble(line.replaceAll("[^0-9.]|\\.$", "")));
                    measure(up.toHandle(), start.used());
                    return;
                }
            }
            throw new StackException("The pipeline does not start:\n" + said);
        } finally {
            up.destroy();
            up.waitFor(STOP_LIMIT);
        }
    }

    private static void measure(ProcessHandle up, Map<String, Used> used) throws IOException {
        used.computeIfAbsent("afterimage up", _ -> new Used()).add(Stream.of(up));
        try (DirectoryStream<Path> files = Files.newDirectoryStream(HOME, "*.pid")) {
            for (Path file : files) {
                long pid = Long.parseLong(Files.readString(file).replaceFirst(" .*", ""));
                used.computeIfAbsent(String.valueOf(file.getFileName()).replace(".pid", ""), _ -> new Used())
                        .add(ProcessHandle.of(pid).stream()
                                .flatMap(process -> Stream.concat(Stream.of(process), process.descendants())));
            }
        }
    }

    /**
     * The resident memory in kilobytes. Pages that PostgreSQL's processes or the JVMs' caches share are counted in each
     * process.
     */
    private static long resident(long pid) throws IOException {
        Process ps = new ProcessBuilder("ps", "-o", "rss=", "-p", Long.toString(pid)).start();
        return Long.parseLong(new String(ps.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip());
    }
}
