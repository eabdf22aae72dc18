package dev.afterimage.stack;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.postgresql.util.PGJDBCMain;

class JvmTest {

    @TempDir
    Path folder;

    /** The program under test is the PostgreSQL driver's jar, which prints its usage when it is run. */
    @Test
    void theClassesOfOneRunAreTheArchiveOfTheNext() throws Exception {
        Path program = Files.copy(driver(), folder.resolve("program.jar"));
        Jvm archive = Jvm.archiveClasses(folder);
        List<String> command = archive.command("program", 64, List.of());
        Duration usual = Jvm.stopLimit(List.of());
        assertThat(Jvm.stopLimit(command)).as("the archive takes time").isGreaterThan(usual);
        assertThat(run(program, archive)).contains("PGJDBCMain source: file:");

        assertThat(Jvm.stopLimit(command)).isEqualTo(usual);
        assertThat(run(program, archive)).contains("PGJDBCMain source: shared objects file (top)");
    }

    /** A JVM that is killed while it writes its archive leaves a file without the header, which comes last. */
    @Test
    void anArchiveThatWasCutShortByAKillIsMadeAgain() throws Exception {
        Path program = Files.copy(driver(), folder.resolve("program.jar"));
        Files.write(Jvm.archiveFile(folder, "program"), new byte[98_304]);
        assertThat(run(program, Jvm.archiveClasses(folder))).contains("PGJDBCMain source: file:");
        assertThat(run(program, Jvm.archiveClasses(folder))).contains("PGJDBCMain source: shared objects file (top)");
    }

    private static Path driver() throws URISyntaxException {
        return Path.of(PGJDBCMain.class
                .getProtectionDomain()
                .getCodeSource()
                .getLocation()
                .toURI());
    }

    private static String run(Path program, Jvm jvm) throws IOException, InterruptedException {
        List<String> rest = List.of("-Xlog:class+load", "-cp", program.toString(), PGJDBCMain.class.getName());
        List<String> command = jvm.command("program", 64, rest);
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        process.waitFor();
        return output;
    }
}
