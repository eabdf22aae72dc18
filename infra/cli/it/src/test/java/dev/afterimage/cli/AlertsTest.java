package dev.afterimage.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.afterimage.stack.Connectors;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** Tests the files in infra/deploy/monitoring with Prometheus' own tool, and as Grafana reads them. */
class AlertsTest {

    static final Path FOLDER =
            Connectors.folder().resolve("../infra/deploy/monitoring").normalize();

    @Test
    void eachAlertFiresWhenItShouldAndIsOverWhenItShould() throws Exception {
        Path promtool = Prometheus.program("promtool");
        assertSucceeds(promtool, "check", "config", "prometheus.yaml");
        assertSucceeds(promtool, "test", "rules", "alerts.test.yaml");
    }

    @Test
    void eachAlertIsTestedAndHasARunbook() throws IOException {
        List<String> alerts = all("alerts.yaml", "- alert: (\\w+)");
        assertThat(alerts).hasSizeGreaterThan(8).doesNotHaveDuplicates();
        assertThat(all("README.md", "(?m)^### (\\w+)$")).containsExactlyElementsOf(alerts);
        assertThat(all("alerts.test.yaml", "- name: (\\w+)")).containsExactlyInAnyOrderElementsOf(alerts);
        String tests = Files.readString(FOLDER.resolve("alerts.test.yaml"));
        assertThat(alerts).allSatisfy(alert -> assertThat(Pattern.compile(
                                "alertname: %s\n +eval_time: \\w+\n +exp_alerts:\n( {10,}.*\n)+ +- alertname: %s\n +eval_time: \\w+\n(?! +exp)"
                                        .formatted(alert, alert))
                        .matcher(tests)
                        .find())
                .as(alert)
                .isTrue());
    }

    @Test
    void aPanelShowsWhatEachAlertLooksAt() throws IOException {
        String shown = String.join("\n", queries());
        assertThat(all("alerts.yaml", "expr: (.*)"))
                .allSatisfy(rule -> assertThat(Pattern.compile("\\b(up|[a-z]+(_[a-z]+)+)\\b")
                                .matcher(rule)
                                .results()
                                .map(metric -> metric.group(1))
                                .anyMatch(shown::contains))
                        .as(rule)
                        .isTrue());
    }

    @Test
    void eachPanelOfADashboardAsksSomethingThatCanBeAsked() throws Exception {
        StringBuilder rules = new StringBuilder("groups:\n  - name: panels\n    rules:\n");
        for (String query : queries()) {
            rules.append("      - record: panel\n        expr: '%s'\n".formatted(query));
        }
        Path file = Files.writeString(Path.of("target", "panels.yaml").toAbsolutePath(), rules);
        assertSucceeds(Prometheus.program("promtool"), "check", "rules", file.toString());
    }

    @Test
    void theDashboardsAreApart() throws IOException {
        Set<String> ids = new HashSet<>();
        for (Path file : dashboards()) {
            JsonNode dashboard = new ObjectMapper().readTree(file.toFile());
            assertThat(ids.add(dashboard.path("uid").asText())).isTrue();
            assertThat(dashboard.findValuesAsText("id")).doesNotHaveDuplicates();
            assertThat(dashboard.path("panels")).isNotEmpty().allSatisfy(panel -> {
                assertThat(panel.at("/datasource/uid").asText()).isEqualTo("prometheus");
                assertThat(panel.path("targets")).isNotEmpty();
            });
        }
        assertThat(ids).hasSize(2);
        assertThat(Files.readString(FOLDER.resolve("grafana/datasources.yaml"))).contains("uid: prometheus\n");
    }

    /** The queries of the dashboards, with Grafana's variable replaced. */
    static List<String> queries() throws IOException {
        List<String> queries = new ArrayList<>();
        for (Path file : dashboards()) {
            queries.addAll(new ObjectMapper().readTree(file.toFile()).findValuesAsText("expr"));
        }
        return queries.stream()
                .map(query -> query.replace("$__rate_interval", "1m"))
                .toList();
    }

    private static List<Path> dashboards() throws IOException {
        try (Stream<Path> files = Files.list(FOLDER.resolve("dashboards"))) {
            return files.toList();
        }
    }

    private static List<String> all(String file, String pattern) throws IOException {
        return Pattern.compile(pattern)
                .matcher(Files.readString(FOLDER.resolve(file)))
                .results()
                .map(found -> found.group(1))
                .toList();
    }

    private static void assertSucceeds(Path program, String... arguments) throws Exception {
        List<String> command = new ArrayList<>(List.of(program.toString()));
        command.addAll(List.of(arguments));
        Process process = new ProcessBuilder(command)
                .directory(FOLDER.toFile())
                .redirectErrorStream(true)
                .start();
        String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(process.waitFor()).as(said).isZero();
    }
}
