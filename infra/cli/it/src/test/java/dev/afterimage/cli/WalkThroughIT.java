package dev.afterimage.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.afterimage.stack.Connectors;
import dev.afterimage.stack.StackConfig;
import dev.afterimage.testing.Database;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** What the command line's README says, done: each block of commands, and below it what they print. */
@ExtendWith(TestPipeline.Shared.class)
class WalkThroughIT {

    private static final Pattern STEP = Pattern.compile("```sh\n(.*?)```\n(?:```text\n(.*?)```\n)?", Pattern.DOTALL);
    private static final String MARK = "== step ";

    private record Step(String commands, String prints) {}

    private final TestPipeline pipeline;

    @TempDir
    Path folder;

    WalkThroughIT(TestPipeline pipeline) {
        this.pipeline = pipeline;
    }

    @AfterEach
    void leaveNothing() throws Exception {
        Connectors connectors = pipeline.connect().connectors();
        if (connectors.names().contains("trial")) { // a step before its end has failed
            connectors.delete("trial");
        }
        // the read model has not heard of the order that was changed by SQL
        assertThat(pipeline.run("snapshot", "order").code()).isZero();
        pipeline.awaitReadModelEqualToSource();
        Database postgres = pipeline.database("postgres");
        await().atMost(TestPipeline.LIMIT)
                .ignoreExceptionsMatching(e -> e instanceof AssertionError) // its reader has a moment to live
                .until(() -> {
                    postgres.execute(
                            "select pg_drop_replication_slot(slot_name) from pg_replication_slots where database = 'cdc_test'",
                            "drop database if exists cdc_test with (force)");
                    return true;
                });
    }

    @Test
    void everyWalkThroughPrintsWhatTheReadmeSays() throws Exception {
        List<Step> steps = steps();
        assertThat(steps).hasSizeGreaterThan(8);
        String script = steps.stream()
                .map(step -> "echo '" + MARK + "'\n" + step.commands())
                .collect(Collectors.joining());

        List<String> printed = Arrays.asList(run(script).split(MARK + "\n", -1));

        for (int i = 0; i < printed.size() - 1; i++) {
            assertPrints(steps.get(i), printed.get(i + 1));
        }
        assertThat(printed).as("every step was reached: " + printed.getLast()).hasSize(steps.size() + 1);
    }

    /** Each line in its order, … standing for anything. */
    private static void assertPrints(Step step, String output) {
        int from = 0;
        for (String line : step.prints().lines().toList()) {
            String expected = Arrays.stream(line.strip().split("…", -1))
                    .map(Pattern::quote)
                    .collect(Collectors.joining(".*"));
            Matcher found = Pattern.compile(expected).matcher(output);
            assertThat(found.find(from))
                    .as("'%s' of%n%s%nin%n%s", line, step.commands(), output)
                    .isTrue();
            from = found.end();
        }
    }

    private static List<Step> steps() throws Exception {
        List<Step> steps = new ArrayList<>();
        Matcher step = STEP.matcher(Files.readString(Path.of("../README.md")));
        while (step.find()) {
            steps.add(new Step(step.group(1), step.group(2) == null ? "" : step.group(2)));
        }
        return steps;
    }

    private String run(String script) throws Exception {
        StackConfig stack = pipeline.stack();
        ProcessBuilder shell = new ProcessBuilder("sh", "-e", "-c", script)
                .directory(Path.of("../../..").toFile())
                .redirectErrorStream(true);
        shell.environment()
                .putAll(Map.of(
                        "AFTERIMAGE_HOME", stack.home().toString(),
                        "AFTERIMAGE_POSTGRES_PORT", Integer.toString(stack.postgresPort()),
                        "AFTERIMAGE_KAFKA_PORT", Integer.toString(stack.kafkaPort()),
                        "AFTERIMAGE_KAFKA_CONTROLLER_PORT", Integer.toString(stack.controllerPort()),
                        "AFTERIMAGE_CONNECT_PORT", Integer.toString(stack.connectPort()),
                        "AFTERIMAGE_CONNECT_METRICS_PORT", Integer.toString(stack.metricsPort()),
                        "AFTERIMAGE_ORDER_PORT",
                                Integer.toString(pipeline.config().orderPort()),
                        "AFTERIMAGE_PROJECTION_PORT",
                                Integer.toString(pipeline.config().projectionPort()),
                        "NO_COLOR", "1",
                        // the first command leaves an archive of its classes, with which the others start in half the
                        // time
                        "JAVA_TOOL_OPTIONS",
                                "-Xlog:disable -XX:+AutoCreateSharedArchive -XX:SharedArchiveFile="
                                        + folder.resolve("classes.jsa")));
        shell.redirectInput(ProcessBuilder.Redirect.from(Path.of("/dev/null").toFile()));
        Process process = shell.start();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(process.waitFor()).as(output).isZero();
        return output;
    }
}
