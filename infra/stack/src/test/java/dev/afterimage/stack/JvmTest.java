package dev.afterimage.stack;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.postgresql.util.PGJDBCMain;

class JvmTest {

    @TempDir
    Path folder;

    /** The program is the PostgreSQL driver's jar, which says how it is meant to be used when it is run. */
    @Test
    void aRecordedCacheIsUsedByTheNextStart() throws Exception {
        Path program = Files.copy(driver(), folder.resolve("program.jar"));
        Jvm.recordAotCaches(folder);
        assertThat(run(program, List.of())).contains("PGJDBCMain source: file:");
        assertThat(folder.resolve("program.aot")).isNotEmptyFile();

        Jvm.useAotCaches(folder);
        assertThat(run(program, List.of())).contains("PGJDBCMain source: shared objects file");
    }

    @Test
    void theClassesOfOneRunAreTheArchiveOfTheNext() throws Exception {
        Path program = Files.copy(driver(), folder.resolve("program.jar"));
        List<String> archive = Jvm.archive(folder, "program");
        assertThat(run(program, archive)).contains("PGJDBCMain source: file:");
        assertThat(run(program, archive)).contains("PGJDBCMain source: shared objects file (top)");
    }

    private static Path driver() throws URISyntaxException {
        return Path.of(PGJDBCMain.class
                .getProtectionDomain()
                .getCodeSource()
                .getLocation()
                .toURI());
    }

    private static String run(Path program, List<String> options) throws IOException, InterruptedException {
        List<String> rest = new ArrayList<>(options);
        rest.addAll(List.of("-Xlog:class+load", "-cp", program.toString(), PGJDBCMain.class.getName()));
        List<String> command = Jvm.command("program", 64, Jvm.Compiler.QUICK, rest);
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        process.waitFor();
        return output;
    }
}
