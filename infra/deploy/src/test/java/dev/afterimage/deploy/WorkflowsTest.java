package dev.afterimage.deploy;

import static dev.afterimage.deploy.Repository.text;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class WorkflowsTest {

    private static final Path FOLDER = Repository.file(".github");

    @Test
    void everyWorkflowMatchesItsSchema() throws IOException {
        assertThat(workflows()).isNotEmpty().allSatisfy(workflow -> assertThat(Manifest.errors(workflow, "Workflow"))
                .as(text(workflow, "/name"))
                .isEmpty());
    }

    @Test
    void everyCommandExists() throws IOException {
        String pom = text(Repository.file("pom.xml"));
        assertThat(arguments("(?:^|\\s)((?:\\./|infra/)[\\w./-]+)"))
                .contains("./mvnw")
                .allSatisfy(
                        file -> assertThat(Repository.file(file).normalize()).exists());
        assertThat(arguments("-pl (\\S+)")).allSatisfy(modules -> assertThat(modules.split(","))
                .allMatch(module -> pom.contains("<module>" + module + "</module>")));
        assertThat(arguments("-P(\\w+)")).contains("nightly").allMatch(id -> pom.contains("<id>" + id + "</id>"));
    }

    @Test
    void everyImageIsBuiltAndTried() {
        JsonNode job = Repository.yaml(FOLDER.resolve("workflows/containers.yml"))
                .getFirst()
                .at("/jobs/try");
        JsonNode builds = job.at("/strategy/matrix/include");
        assertThat(builds.findValuesAsText("image")).containsExactlyElementsOf(ComposeTest.STAGES.keySet());
        assertThat(builds)
                .filteredOn(build -> text(build, "/image").startsWith("native"))
                .extracting(build -> text(build, "/build"))
                .as("executables for the glibc of the images")
                .containsOnly("-Dnative -Dquarkus.native.container-build=true");
        assertThat(text(job, "/env/AFTERIMAGE_IMAGE")).isEqualTo("${{ matrix.image }}");
        assertThat(job.findValuesAsText("run")).contains("infra/deploy/compose/try.sh");
    }

    @Test
    void everyFolderOfDependabotExists() {
        JsonNode dependabot = Repository.yaml(FOLDER.resolve("dependabot.yml")).getFirst();
        assertThat(Manifest.errors(dependabot, "Dependabot")).isEmpty();
        assertThat(Stream.concat(
                        dependabot.findValuesAsText("directory").stream(),
                        dependabot.findValues("directories").stream()
                                .flatMap(JsonNode::valueStream)
                                .map(JsonNode::asText)))
                .isNotEmpty()
                .allSatisfy(folder ->
                        assertThat(Repository.ROOT.resolve("." + folder)).isDirectory());
    }

    private static List<JsonNode> workflows() throws IOException {
        try (Stream<Path> files = Files.list(FOLDER.resolve("workflows"))) {
            return files.map(file -> Repository.yaml(file).getFirst()).toList();
        }
    }

    /** All matches of the pattern's group in the commands of all workflows. */
    private static Set<String> arguments(String pattern) throws IOException {
        return workflows().stream()
                .flatMap(workflow -> workflow.findValuesAsText("run").stream())
                .flatMap(command -> Pattern.compile(pattern).matcher(command).results())
                .map(found -> found.group(1))
                .collect(Collectors.toSet());
    }
}
