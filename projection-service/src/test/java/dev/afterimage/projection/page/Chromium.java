package dev.afterimage.projection.page;

import static org.junit.jupiter.api.Assumptions.abort;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/** Finds the Chromium of this machine. */
final class Chromium {

    private Chromium() {}

    /** Skips the test if there is none. CI may change its machine, so there Debian's Chromium is installed first. */
    static Path find() throws IOException, InterruptedException {
        String named = System.getenv("CHROMIUM");
        if (named != null) {
            return Path.of(named);
        }
        var found = onPath("chromium");
        if (found.isEmpty() && System.getenv("CI") != null && mayInstall()) {
            if (apt("update") && apt("install", "--yes", "--no-install-recommends", "chromium")) {
                found = onPath("chromium");
            }
        }
        return found.orElseGet(
                () -> abort(
                        "The page is not tested: there is no chromium on the PATH. Install it (Debian: apt-get install chromium), or name a Chromium or Chrome in the variable CHROMIUM."));
    }

    private static boolean mayInstall() {
        return "root".equals(System.getProperty("user.name"))
                && onPath("apt-get").isPresent();
    }

    private static Optional<Path> onPath(String program) {
        return Stream.of(System.getenv().getOrDefault("PATH", "").split(File.pathSeparator))
                .map(folder -> Path.of(folder, program))
                .filter(Files::isExecutable)
                .findFirst();
    }

    private static boolean apt(String... arguments) throws IOException, InterruptedException {
        var command = Stream.concat(Stream.of("apt-get", "--quiet"), Stream.of(arguments));
        var builder = new ProcessBuilder(command.toList())
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.appendTo(new File("target", "apt-get.log")));
        builder.environment().put("DEBIAN_FRONTEND", "noninteractive");
        Process apt = builder.start();
        if (!apt.waitFor(5, TimeUnit.MINUTES)) {
            apt.destroy();
            return false;
        }
        return apt.exitValue() == 0;
    }

    /** The command for an invisible window. Chromium then sends no requests of its own, only those of the page. */
    static List<String> command(Path program, Path profile) {
        return List.of(
                program.toString(),
                "--headless",
                "--no-sandbox", // the sandbox does not work as root
                "--disable-gpu",
                "--disable-quic",
                "--disable-dev-shm-usage",
                "--no-first-run",
                "--disable-background-networking",
                "--disable-component-update",
                "--disable-sync",
                "--remote-debugging-port=0",
                "--user-data-dir=" + profile.toAbsolutePath(),
                "about:blank");
    }
}
