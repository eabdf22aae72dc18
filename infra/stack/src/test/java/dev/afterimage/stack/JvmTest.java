package dev.afterimage.stack;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
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
        Path driver = Path.of(PGJDBCMain.class
                .getProtectionDomain()
                .getCodeSource()
                .getLocation()
                .toURI());
        Path program = Files.copy(driver, folder.resolve("program.jar"));
        Jvm.recordAotCaches(folder);
        assertThat(run(program)).contains("PGJDBCMain source: file:");
        assertThat(folder.resolve("program.aot")).isNotEmptyFile();

        Jvm.useAotCaches(folder);
        assertThat(run(program)).contains("PGJDBCMain source: shared objects file");
    }

    private static String run(Path program) throws IOException, InterruptedException {
        List<String> command = Jvm.command(
                "program",
                64,
                Jvm.Compiler.QUICK,
                List.of("-Xlog:class+load", "-cp", program.toString(), PGJDBCMain.class.getName()));
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        process.waitFor();
        return output;
    }
}
