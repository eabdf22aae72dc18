package dev.afterimage.stack;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * How child JVMs run, which share two cores and a laptop's memory with several others.
 *
 * @param optimizing whether each JVM optimises like {@link Compiler#OPTIMIZING}, whatever its command asks for
 * @param archives the folder of the class archives, which exists; null without archives
 */
public record Jvm(boolean optimizing, @Nullable Path archives) {

    /** Without archives; the command decides how far the JIT goes. */
    public static final Jvm PLAIN = new Jvm(false, null);

    /** A pipeline stops in two steps, so with this limit all processes have ended within 10 s. */
    private static final Duration STOP_LIMIT = Duration.ofMillis(4500);
    /** For a JVM that writes its archive: it takes one second, up to six on a busy machine. */
    private static final Duration ARCHIVING_LIMIT = Duration.ofSeconds(25);

    private static final String ARCHIVE = "-XX:SharedArchiveFile=";

    /** Set in tests: most servers that a test starts end before the optimising compiler pays off. */
    private static final boolean SHORT_LIVED = Boolean.getBoolean("afterimage.short-lived");

    /** How far the JIT goes. Measured on two cores at 30 orders a second; see infra/bench/README.md. */
    public enum Compiler {
        /** C1 only: ready in two thirds of the time, 40 MB smaller, and the quicker one where nothing runs hot. */
        QUICK("-XX:TieredStopAtLevel=1"),
        /** C2 too: a quarter less CPU for what runs hot, like Connect, which polls 150 times a second even when idle. */
        OPTIMIZING("-XX:+TieredCompilation");

        private final String flag;

        Compiler(String flag) {
            this.flag = flag;
        }
    }

    /** The same, and each JVM optimises like {@link Compiler#OPTIMIZING}. */
    public Jvm optimizeAll() {
        return new Jvm(true, archives);
    }

    /**
     * The same, and the first run of each JVM leaves an archive of the classes that it loaded when it ends in order; later
     * runs start from it with about half the CPU. Only for a class path of jars. See
     * <a href="https://docs.oracle.com/en/java/javase/25/docs/specs/man/java.html">-XX:+AutoCreateSharedArchive</a>.
     *
     * @param folder exists, and belongs to exactly these jars
     */
    public Jvm archiveClasses(Path folder) {
        return new Jvm(optimizing, folder);
    }

    static Path archiveFile(Path archives, String name) {
        return archives.resolve(name + ".jsa");
    }

    /** The time that the process of this command has to end after it was asked to. */
    static Duration stopLimit(List<String> command) {
        boolean writesArchive = command.stream()
                .filter(argument -> argument.startsWith(ARCHIVE))
                .anyMatch(argument -> Files.notExists(Path.of(argument.substring(ARCHIVE.length()))));
        return writesArchive ? ARCHIVING_LIMIT : STOP_LIMIT;
    }

    /**
     * A JVM writes the header last. When it was killed before that, the next JVM would use neither this archive nor the
     * JDK's own, and would not replace it.
     */
    private static void deleteIfCutShort(Path archive) {
        try {
            boolean complete;
            try (InputStream content = Files.newInputStream(archive)) {
                complete = content.read() > 0;
            }
            if (!complete) {
                Files.delete(archive);
            }
        } catch (NoSuchFileException e) {
            // the first run makes it
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static List<String> archive(Path archive) {
        deleteIfCutShort(archive);
        return List.of(
                "-XX:+AutoCreateSharedArchive",
                ARCHIVE + archive,
                // an archive that does not fit any longer needs no message
                "-Xlog:cds*=off");
    }

    /**
     * This JVM's own {@code java} with a bounded heap.
     *
     * @param name of the process
     * @param heapMb the largest heap in megabytes
     * @param compiler how far the JIT goes
     * @param rest class path, main class and arguments
     */
    public List<String> command(String name, int heapMb, Compiler compiler, List<String> rest) {
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx" + heapMb + "m",
                // the collector with the smallest footprint; on two cores it is no slower at these heaps
                "-XX:+UseSerialGC",
                (optimizing ? Compiler.OPTIMIZING : SHORT_LIVED ? Compiler.QUICK : compiler).flag,
                // room, so that neither classes nor compiled code ask for full collections of 100 ms each
                "-XX:MetaspaceSize=128m",
                "-XX:ReservedCodeCacheSize=240m",
                "-XX:+ExitOnOutOfMemoryError",
                "--enable-native-access=ALL-UNNAMED",
                "--sun-misc-unsafe-memory-access=allow"));
        if (optimizing) {
            // compiling is for when nobody waits for the cores: on Linux the native priority is nice(2)'s
            command.addAll(List.of("-XX:ThreadPriorityPolicy=1", "-XX:CompilerThreadPriority=10"));
        }
        if (archives != null) {
            command.addAll(archive(archiveFile(archives, name)));
        }
        command.addAll(rest);
        return command;
    }
}
