package dev.afterimage.testing;

import static org.junit.jupiter.api.Assumptions.abort;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/** Prometheus' programs (the server, and promtool, which checks the server's files), and what Grafana asks it. */
public final class Prometheus {

    private static final Path PACKAGE = Path.of("target", "prometheus");

    private Prometheus() {}

    /** Skips the test where the program is not on the PATH. */
    public static Path program(String name) throws IOException, InterruptedException {
        return find(name)
                .orElseGet(() -> abort(
                        "The alerts are not tested: there is no %s on the PATH. Install Prometheus (Debian: apt-get install prometheus)."
                                .formatted(name)));
    }

    /** The program on the PATH; in CI, which may download, Debian's package unpacked into target. */
    public static Optional<Path> find(String name) throws IOException, InterruptedException {
        List<Path> folders = new ArrayList<>(
                Stream.of(System.getenv().getOrDefault("PATH", "").split(File.pathSeparator))
                        .map(Path::of)
                        .toList());
        folders.add(PACKAGE.resolve("usr/bin").toAbsolutePath());
        if (System.getenv("CI") != null && find(name, folders).isEmpty()) {
            unpackDebians();
        }
        return find(name, folders);
    }

    /** The queries of all Grafana dashboards in the folder, with Grafana's variable replaced. */
    public static List<String> queries(Path dashboards) throws IOException {
        List<String> queries = new ArrayList<>();
        try (Stream<Path> files = Files.list(dashboards)) {
            for (Path file : files.toList()) {
                new ObjectMapper()
                        .readTree(file.toFile())
                        .findValuesAsText("expr")
                        .forEach(query -> queries.add(query.replace("$__rate_interval", "1m")));
            }
        }
        return queries;
    }

    private static Optional<Path> find(String name, List<Path> folders) {
        return folders.stream()
                .map(folder -> folder.resolve(name))
                .filter(Files::isExecutable)
                .findFirst();
    }

    /** Unpacks Debian's package instead of installing it, because an installation starts the server. */
    private static void unpackDebians() throws IOException, InterruptedException {
        Files.createDirectories(PACKAGE);
        if (run("apt-get", "--quiet", "download", "prometheus")
                || (run("apt-get", "--quiet", "update") && run("apt-get", "--quiet", "download", "prometheus"))) {
            run("sh", "-c", "dpkg-deb --extract prometheus_*.deb .");
        }
    }

    private static boolean run(String... command) throws IOException, InterruptedException {
        try {
            Process process = new ProcessBuilder(command)
                    .directory(PACKAGE.toFile())
                    .redirectErrorStream(true)
                    .redirectOutput(ProcessBuilder.Redirect.appendTo(
                            PACKAGE.resolve("apt-get.log").toFile()))
                    .start();
            return process.waitFor(5, TimeUnit.MINUTES) && process.exitValue() == 0;
        } catch (IOException e) {
            return false; // not Debian
        }
    }
}
