package dev.afterimage.deploy;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Runs the scripts with replacements of the programs that they call. */
class ScriptsTest {

    private static final Path SCRIPTS = Repository.file("infra/deploy/compose");
    /** Answers for every entity with the same id. */
    private static final String CURL = """
            case "$*" in
            *:8081*) %s ;;
            *) echo '{"id":"01990000-0000-7000-8000-000000000001"}' ;;
            esac
            """;

    @TempDir
    Path home;

    @BeforeEach
    void dockerPrintsAToken() throws IOException {
        program("bin/docker", "echo token");
    }

    @Test
    void aTrialFailsWhenTheOrderCannotBeRead() throws Exception {
        program("bin/curl", CURL.formatted("exit 22"));
        Script trial = script("try.sh", Map.of());
        assertThat(trial.said()).contains("placed: {").doesNotContain("read:");
        assertThat(trial.exit()).isNotZero();
    }

    @Test
    void aTrialPrintsTheOrderThatItReads() throws Exception {
        program("bin/curl", CURL.formatted("echo the order"));
        Script trial = script("try.sh", Map.of());
        assertThat(trial.said()).endsWith("read:   the order\n");
        assertThat(trial.exit()).isZero();
    }

    @Test
    void topicsAreListedOnceAndOnlyTheMissingOneIsCreated() throws Exception {
        program("kafka/bin/kafka-topics.sh", """
                echo "$*" >>"$KAFKA_HOME/commands"
                case "$*" in *--list) printf '%s\\n' one three.dlq ;; esac
                """);
        program("bin/curl", """
                echo '{"connector":{"state":"RUNNING"},"tasks":[{"id":0,"state":"RUNNING"}]}'
                """);
        Script apply = script(
                "apply.sh",
                Map.of(
                        "CONNECTORS", Repository.file("connectors").toString(),
                        "CONNECT", "http://connect",
                        "KAFKA", "kafka:1",
                        "KAFKA_HOME", home.resolve("kafka").toString(),
                        "TOPICS", "one 1 retention.ms=1\nthree 3 retention.ms=-1\nthree.dlq 1 retention.ms=-1"));
        assertThat(apply.exit()).as(apply.said()).isZero();
        assertThat(home.resolve("kafka/commands"))
                .hasContent("--bootstrap-server kafka:1 --list\n"
                        + "--bootstrap-server kafka:1 --create --if-not-exists --replication-factor 1"
                        + " --topic three --partitions 3 --config retention.ms=-1");
    }

    private void program(String file, String commands) throws IOException {
        Path program = home.resolve(file);
        Files.createDirectories(program.getParent());
        Files.writeString(program, "#!/bin/bash\n" + commands);
        assertThat(program.toFile().setExecutable(true)).isTrue();
    }

    private Script script(String name, Map<String, String> environment) throws Exception {
        var all = new HashMap<>(environment);
        all.put("PATH", home.resolve("bin") + ":" + System.getenv("PATH"));
        return Script.run(home, all, List.of("bash", SCRIPTS.resolve(name).toString()));
    }
}
