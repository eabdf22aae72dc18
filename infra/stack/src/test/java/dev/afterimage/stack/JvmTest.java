package dev.afterimage.stack;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.postgresql.util.PGJDBCMain;

class JvmTest {

    @TempDir
    Path folder;

    /** The program under test is the PostgreSQL driver's jar, which prints its usage when it is run. */
    @Test
    void theClassesOfOneRunAreTheArchiveOfTheNext() throws Exception {
        Path program = Files.copy(driver(), folder.resolve("program.jar"));
        Jvm archive = Jvm.PLAIN.archiveClasses(folder);
        List<String> command = archive.command("program", 64, Jvm.Compiler.QUICK, List.of());
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
        assertThat(run(program, Jvm.PLAIN.archiveClasses(folder))).contains("PGJDBCMain source: file:");
        assertThat(run(program, Jvm.PLAIN.archiveClasses(folder)))
                .contains("PGJDBCMain source: shared objects file (top)");
    }

    /** Only on Linux, where each thread has its own priority; see {@link CompilerThreads}. */
    @Test
    @EnabledOnOs(OS.LINUX)
    void underLoadTheCompilerGivesWayToTheWork() throws Exception {
        Path classes = Path.of(CompilerThreads.class
                .getProtectionDomain()
                .getCodeSource()
                .getLocation()
                .toURI());
        List<String> threads = run(CompilerThreads.class, classes, Jvm.PLAIN.optimizeAll())
                .lines()
                .toList();
        assertThat(threads)
                .filteredOn(thread -> thread.matches("C[12] .*"))
                .isNotEmpty()
                .allMatch(thread -> thread.endsWith(" 10"));
        // one of the threads may not have its name yet
        assertThat(threads).filteredOn(thread -> thread.endsWith(" 10")).hasSize(2);
    }

    /** Prints the nice values of the compiler threads of its own JVM. */
    static final class CompilerThreads {

        private static final int NICE = 19 - 3;

        private CompilerThreads() {}

        public static void main(String[] arguments) throws IOException {
            try (Stream<Path> threads = Files.list(Path.of("/proc/self/task"))) {
                for (Path thread : threads.toList()) {
                    // pid (name) state …, see proc_pid_stat(5)
                    String stat = Files.readString(thread.resolve("stat"));
                    String name = stat.substring(stat.indexOf('(') + 1, stat.lastIndexOf(')'));
                    String[] rest = stat.substring(stat.lastIndexOf(')') + 2).split(" ", -1);
                    System.out.println(name.replaceFirst(" CompilerThre.*", "") + " " + rest[NICE]);
                }
            }
        }
    }

    private static Path driver() throws URISyntaxException {
        return Path.of(PGJDBCMain.class
                .getProtectionDomain()
                .getCodeSource()
                .getLocation()
                .toURI());
    }

    private static String run(Path program, Jvm jvm) throws IOException, InterruptedException {
        return run(PGJDBCMain.class, program, jvm, "-Xlog:class+load");
    }

    private static String run(Class<?> main, Path classPath, Jvm jvm, String... options)
            throws IOException, InterruptedException {
        List<String> rest = new ArrayList<>(List.of(options));
        rest.addAll(List.of("-cp", classPath.toString(), main.getName()));
        List<String> command = jvm.command("program", 64, Jvm.Compiler.QUICK, rest);
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        process.waitFor();
        return output;
    }
}
