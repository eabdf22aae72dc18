package dev.afterimage.bench;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;

class BenchIT {

    private static final Path ROOT =
            Path.of(System.getProperty("afterimage.services", "../..")).toAbsolutePath();
    private static final String HOME = "infra/bench/target/it";

    private record Run(int exit, String printed) {}

    private static Run bench(String... options) throws IOException, InterruptedException {
        List<String> arguments = new ArrayList<>(
                List.of("orders", "--home=" + HOME, "--warm-up=1", "--seconds=1", "--rounds=1", "--clients=2"));
        arguments.addAll(List.of(options));
        return run(arguments.toArray(String[]::new));
    }

    private static Run run(String... arguments) throws IOException, InterruptedException {
        List<String> command =
                new ArrayList<>(List.of(ROOT.resolve("infra/bench/bench").toString()));
        command.addAll(List.of(arguments));
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        String printed = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        return new Run(process.waitFor(), printed);
    }

    @Test
    @EnabledIfSystemProperty(named = "afterimage.nightly", matches = "true")
    void comparesTheServiceAndAVariantWithItsOwnTransactionAndLeavesNoProcess() throws Exception {
        Run run = bench("--variant=-Dquarkus.log.level=WARN");

        assertThat(run.exit()).as(run.printed()).isZero();
        assertThat(run.printed())
                .contains("insert into orders", "insert into outbox", "delete from outbox")
                .containsPattern("(?m)^  JDBC +[1-9][0-9]* +1\\.00 ")
                .containsPattern("(?m)^  order-service +[1-9][0-9]* +[0-9]\\.[0-9]{2} \\(")
                .containsPattern("(?m)^  variant-1 +[1-9]");
        // the stack deletes the pid file of a process that has ended
        assertThat(ROOT.resolve(HOME)).isNotEmptyDirectory().isDirectoryNotContaining("glob:**.pid");
    }

    @Test
    @EnabledIfSystemProperty(named = "afterimage.nightly", matches = "true")
    void measuresTheExampleInOneTable() throws Exception {
        Run run = run(
                "peers",
                "--example-only",
                "--rounds=1",
                "--seconds=1",
                "--load=1",
                "--warm-up=1",
                "--behind=10",
                "--idle=1");

        assertThat(run.exit()).as(run.printed()).isZero();
        String number = "[1-9][0-9,.]*";
        assertThat(run.printed())
                .contains("| Connect publishes | at least once | at least once |")
                .containsPattern(
                        "(?m)^\\| POST to readable at 30/s: p50; p99, ms( \\| %1$s; %1$s){2} \\|$".formatted(number))
                .containsPattern("(?m)^\\| consumer behind, orders/s \\|  \\| %s \\|$".formatted(number));
        assertThat(ROOT.resolve("infra/bench/target/peers"))
                .isNotEmptyDirectory()
                .isDirectoryNotContaining("glob:**.pid");
    }

    @Test
    void saysWhichJarIsMissing() throws Exception {
        Run run = bench("--jar=no/such.jar");

        assertThat(run.exit()).isEqualTo(1);
        assertThat(run.printed()).contains("no/such.jar is missing");
    }
}
