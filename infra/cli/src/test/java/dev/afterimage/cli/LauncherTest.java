package dev.afterimage.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Tests the script infra/afterimage in a tree of built modules, with a {@code java} that prints its arguments. */
class LauncherTest {

    private static final Path KAFKA = Path.of("infra/stack/distribution/target/distribution/kafka");

    @TempDir
    Path tree;

    @BeforeEach
    void build() throws IOException {
        for (String file : List.of("infra/afterimage", ".mvn/jdk.sh")) {
            Files.createDirectories(tree.resolve(file).getParent());
            Files.copy(Path.of("../..").resolve(file), tree.resolve(file));
        }
        write("pom.xml", "");
        write("jdk/release", "JAVA_VERSION=\"25\"");
        for (String tool : List.of("java", "javac")) {
            Path program = write("jdk/bin/" + tool, "#!/bin/sh\necho \"$@\"\necho in $PWD, LC_ALL=${LC_ALL-}\n");
            Files.setPosixFilePermissions(program, PosixFilePermissions.fromString("rwxr-xr-x"));
        }
        Files.setPosixFilePermissions(
                write("mvnw", "#!/bin/sh\necho Maven got \"$@\"\n"), PosixFilePermissions.fromString("rwxr-xr-x"));
        write(KAFKA + "/kafka-1.jar", "");
        write("infra/cli/target/afterimage.jar", "the command line");
        write("infra/cli/target/lib/afterimage-stack.jar", "the stack");
        for (String service : List.of("order-service", "projection-service")) {
            write(service + "/target/quarkus-app/quarkus-run.jar", service);
        }
        for (String module : List.of(
                "infra/stack/distribution", "infra/stack", "infra/cli", "order-service", "projection-service")) {
            write(module + "/pom.xml", "");
            write(module + "/target/built", "");
        }
    }

    @Test
    void theArchivesOfABuildStayAsLongAsThatBuildAndNoLonger() throws Exception {
        Path copy = upRunsFrom();
        Path archive = Files.writeString(copy.resolve("archives/kafka.jsa"), "as Kafka leaves it");
        assertThat(upRunsFrom()).isEqualTo(copy);
        assertThat(archive).exists();

        write("order-service/target/quarkus-app/quarkus-run.jar", "another order-service");
        Path next = upRunsFrom();
        assertThat(next).isNotEqualTo(copy);
        assertThat(next.resolve("order-service/target/quarkus-app/quarkus-run.jar"))
                .hasContent("another order-service");
        assertThat(copy).as("nobody runs from it any more").doesNotExist();

        Files.move(
                tree.resolve(KAFKA).resolve("kafka-1.jar"), tree.resolve(KAFKA).resolve("kafka-2.jar"));
        assertThat(upRunsFrom()).isNotEqualTo(next);
    }

    @Test
    void upNativeBuildsTheExecutablesAndRunsFromThem() throws Exception {
        for (String service : List.of("order-service", "projection-service")) {
            write(service + "/target/" + service + "-runner", service + " as an executable");
        }
        assertThat(launched("up")).doesNotContain("Maven got");
        assertThat(launched("up", "--native")).contains("Maven got -B -ntp -q package -Dmaven.test.skip -Dnative");
        assertThat(copyIn(launched("up", "--native")).resolve("order-service/target/order-service-runner"))
                .hasContent("order-service as an executable");
    }

    @Test
    void devIsMavenForThatService() throws Exception {
        assertThat(launched("dev", "projection-service", "-Ddebug=5006"))
                .startsWith("Maven got ")
                .contains("compile quarkus:dev -pl projection-service", "-Ddebug=5006");
        assertThat(launched("dev", "--help")).as("help is the program's").doesNotContain("Maven got");
    }

    @Test
    void onlyWhatRunsForLongOptimises() throws Exception {
        assertThat(launched("status")).contains("-XX:TieredStopAtLevel=1");
        assertThat(launched("watch")).doesNotContain("TieredStopAtLevel");
    }

    @Test
    void theProgramRunsInTheFolderOfTheCallerAndKnowsTheRepository() throws Exception {
        write("elsewhere/my.json", "{}");
        for (String command : List.of("status", "up")) {
            assertThat(launched(tree.resolve("elsewhere"), Map.of(), command))
                    .contains("in " + tree.resolve("elsewhere") + ",", "-Dafterimage.root=" + tree + " ")
                    .contains(" -cp " + tree);
        }
    }

    @ParameterizedTest
    @CsvSource({"LC_ALL, C, C.UTF-8", "LC_ALL, xx_XX.UTF-8, C.UTF-8", "LC_CTYPE, C.UTF-8, ''"})
    void javaReadsArgumentsAsUtf8InALocaleOfAscii(String variable, String locale, String lcAll) throws Exception {
        assertThat(launched(tree, Map.of(variable, locale), "status")).containsPattern(", LC_ALL=" + lcAll + "\\R");
    }

    private Path upRunsFrom() throws Exception {
        return copyIn(launched("up"));
    }

    private Path copyIn(String arguments) {
        String services = "-Dafterimage.services=";
        int from = arguments.indexOf(services) + services.length();
        return tree.resolve(arguments.substring(from, arguments.indexOf(' ', from)));
    }

    private String launched(String... arguments) throws Exception {
        return launched(tree, Map.of(), arguments);
    }

    private String launched(Path folder, Map<String, String> variables, String... arguments) throws Exception {
        String launcher = folder.relativize(tree.resolve("infra/afterimage")).toString();
        ProcessBuilder script = new ProcessBuilder(Stream.concat(Stream.of("sh", launcher), Stream.of(arguments))
                        .toList())
                .directory(folder.toFile());
        script.environment().keySet().remove("LC_ALL");
        script.environment().putAll(variables);
        script.environment().put("JAVA_HOME", tree.resolve("jdk").toString());
        Process process = script.redirectErrorStream(true).start();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(process.waitFor()).as(output).isZero();
        return output;
    }

    private Path write(String file, String content) throws IOException {
        Path path = tree.resolve(file);
        Files.createDirectories(path.getParent());
        return Files.writeString(path, content);
    }
}
