package dev.afterimage.deploy;

import static dev.afterimage.deploy.Repository.text;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.afterimage.testing.Prometheus;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Tests the files in infra/deploy/monitoring with Prometheus' own tool, and as Grafana reads them. */
class AlertsTest {

    private static final Path FOLDER = Repository.file("infra/deploy/monitoring");
    private static final JsonNode ALERTS = yaml("alerts.yaml").at("/groups/0/rules");
    private static final JsonNode TESTS = yaml("alerts.test.yaml").path("tests");
    private static final Pattern METRIC = Pattern.compile("\\b(up|[a-z]+(_[a-zA-Z]+)+)\\b");

    @TempDir
    Path home;

    @Test
    void eachAlertFiresWhenItShouldAndIsOverWhenItShould() throws Exception {
        promtool("check", "config", FOLDER.resolve("prometheus.yaml"));
        promtool("test", "rules", FOLDER.resolve("alerts.test.yaml"));
    }

    @Test
    void eachAlertIsTestedAndHasARunbook() {
        List<String> alerts = ALERTS.findValuesAsText("alert");
        assertThat(alerts).hasSizeGreaterThan(8).doesNotHaveDuplicates();
        assertThat(text(FOLDER.resolve("README.md")).lines().filter(line -> line.startsWith("### ")))
                .containsExactlyElementsOf(
                        alerts.stream().map(alert -> "### " + alert).toList());
        assertThat(TESTS.valueStream().map(test -> text(test, "/name"))).containsExactlyInAnyOrderElementsOf(alerts);
        assertThat(alerts).allMatch(AlertsTest::firesAndIsOver);
    }

    /** Whether two successive steps of the tests expect the alert first to fire and then to be over. */
    private static boolean firesAndIsOver(String alert) {
        return TESTS.valueStream().map(test -> test.path("alert_rule_test")).anyMatch(steps -> IntStream.range(
                        1, steps.size())
                .anyMatch(i -> expects(steps.get(i - 1), alert, true) && expects(steps.get(i), alert, false)));
    }

    private static boolean expects(JsonNode step, String alert, boolean firing) {
        return text(step, "/alertname").equals(alert) && step.path("exp_alerts").isEmpty() != firing;
    }

    @Test
    void aPanelShowsWhatEachAlertLooksAt() throws IOException {
        String shown = String.join("\n", queries());
        assertThat(ALERTS.findValuesAsText("expr")).isNotEmpty().allSatisfy(rule -> assertThat(
                        METRIC.matcher(rule).results().map(metric -> metric.group(1)))
                .as(rule)
                .anyMatch(shown::contains));
    }

    @Test
    void eachPanelOfADashboardAsksSomethingThatCanBeAsked() throws Exception {
        var rules = queries().stream()
                .map(query -> Map.of("record", "panel", "expr", query))
                .toList();
        var groups = Map.of("groups", List.of(Map.of("name", "panels", "rules", rules)));
        Path file = home.resolve("panels.yaml");
        Repository.YAML.writeValue(file.toFile(), groups);
        promtool("check", "rules", file);
    }

    @Test
    void theDashboardsAreApart() throws IOException {
        Set<String> ids = new HashSet<>();
        try (Stream<Path> files = Files.list(FOLDER.resolve("dashboards"))) {
            files.map(Repository::json).forEach(dashboard -> {
                assertThat(ids.add(text(dashboard, "/uid"))).isTrue();
                assertThat(dashboard.findValuesAsText("id")).doesNotHaveDuplicates();
                assertThat(dashboard.path("panels")).isNotEmpty().allSatisfy(panel -> {
                    assertThat(text(panel, "/datasource/uid")).isEqualTo("prometheus");
                    assertThat(panel.path("targets")).isNotEmpty();
                });
            });
        }
        assertThat(ids).hasSize(2);
        assertThat(text(yaml("grafana/datasources.yaml"), "/datasources/0/uid")).isEqualTo("prometheus");
    }

    private static List<String> queries() throws IOException {
        return Prometheus.queries(FOLDER.resolve("dashboards"));
    }

    private static JsonNode yaml(String file) {
        return Repository.yaml(FOLDER.resolve(file)).getFirst();
    }

    private void promtool(String command, String subject, Path file) throws Exception {
        Script promtool = Script.run(
                home, Map.of(), List.of(Prometheus.program("promtool").toString(), command, subject, file.toString()));
        assertThat(promtool.exit()).as(promtool.said()).isZero();
    }
}
