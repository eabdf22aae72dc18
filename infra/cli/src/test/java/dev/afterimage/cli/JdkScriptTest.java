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
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Tests the script that chooses a JDK for mvnw and infra/afterimage. */
class JdkScriptTest {

    @TempDir
    Path machine;

    @Test
    void keepsAJavaHomeThatIsNewEnough() throws Exception {
        Path home = jdk("mine", "25.0.1");
        assertThat(chosen(Map.of("JAVA_HOME", home.toString()))).isEqualTo(home.toString());
    }

    @Test
    void looksBesideAnOlderDefault() throws Exception {
        Path old = jdk("jvm/jdk-17", "17.0.15");
        Path fitting = jdk("jvm/jdk-26", "26");
        assertThat(chosen(Map.of("PATH", old.resolve("bin") + ":" + System.getenv("PATH"))))
                .isEqualTo(fitting.toString());
    }

    @Test
    void looksIntoSdkmanAndJavaHome25() throws Exception {
        Path sdkman = jdk("home/.sdkman/candidates/java/25.0.1-tem", "25.0.1");
        assertThat(chosen(Map.of("HOME", machine.resolve("home").toString()))).isEqualTo(sdkman.toString());
        Path runner = jdk("tools/25", "25.0.2");
        assertThat(chosen(Map.of("JAVA_HOME_25_X64", runner.toString()))).isEqualTo(runner.toString());
    }

    @Test
    void unpacksMavenWithTheJdkWhereThereIsNoUnzip() throws Exception {
        Path zip = machine.resolve("maven.zip");
        try (ZipOutputStream maven = new ZipOutputStream(Files.newOutputStream(zip))) {
            maven.putNextEntry(new ZipEntry("apache-maven/bin/mvn"));
        }
        Path tools = Files.createDirectory(machine.resolve("tools"));
        for (String tool : List.of("sh", "env", "sed", "head", "readlink", "chmod")) {
            program(tools.resolve(tool), "#!/bin/sh\nexec " + onPath(tool) + " \"$@\"\n");
        }
        Path folder = Files.createDirectory(machine.resolve("unpacked"));
        run(
                "unzip -q " + zip + " -d " + folder,
                Map.of("PATH", tools.toString(), "JAVA_HOME", System.getProperty("java.home")));
        assertThat(folder.resolve("apache-maven/bin/mvn")).isExecutable();
    }

    private static Path onPath(String tool) {
        return Stream.of(System.getenv("PATH").split(":"))
                .map(folder -> Path.of(folder, tool))
                .filter(Files::isExecutable)
                .findFirst()
                .orElseThrow();
    }

    private Path jdk(String folder, String version) throws IOException {
        Path home = machine.resolve(folder);
        Files.createDirectories(home.resolve("bin"));
        Files.writeString(home.resolve("release"), "IMPLEMENTOR=\"X\"\nJAVA_VERSION=\"" + version + "\"\n");
        program(home.resolve("bin/javac"), "");
        return home;
    }

    private static void program(Path file, String script) throws IOException {
        Files.writeString(file, script);
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwxr-xr-x"));
    }

    /** The JAVA_HOME that the script sets, while the JDKs of this machine are hidden from it. */
    private String chosen(Map<String, String> environment) throws Exception {
        return run("printf %s \"$JAVA_HOME\"", environment);
    }

    /** The output of a command that runs after the script. */
    private String run(String command, Map<String, String> environment) throws Exception {
        Path script = Path.of("../../.mvn/jdk.sh").toAbsolutePath().normalize();
        ProcessBuilder shell = new ProcessBuilder("sh", "-c", ". \"$0\"; " + command, script.toString());
        shell.environment().keySet().removeIf(name -> name.startsWith("JAVA_HOME") || name.equals("GRAALVM_HOME"));
        shell.environment().put("HOME", machine.resolve("nobody").toString());
        shell.environment().remove("SDKMAN_DIR");
        shell.environment().put("PATH", jdk("old/jdk-17", "17.0.15").resolve("bin") + ":" + System.getenv("PATH"));
        shell.environment().putAll(environment);
        Process process = shell.redirectErrorStream(true).start();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(process.waitFor()).as(output).isZero();
        return output;
    }
}
