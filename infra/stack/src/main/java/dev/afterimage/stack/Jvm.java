package dev.afterimage.stack;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The command line of a child JVM that shares two cores and a laptop's memory with several others. */
public final class Jvm {

    /** Set in tests: most servers that a test starts end before the optimising compiler pays off. */
    private static final boolean SHORT_LIVED = Boolean.getBoolean("afterimage.short-lived");

    private static volatile @Nullable Path aotCaches;
    private static volatile boolean recording;
    private static volatile boolean optimizing;
    private static volatile @Nullable Path archives;

    private Jvm() {}

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

    /** From now on each child JVM optimises like {@link Compiler#OPTIMIZING}, whatever its command asks for. */
    public static void optimizeAll() {
        optimizing = true;
    }

    /**
     * From now on each child JVM uses the AOT cache that is called as it is, where there is one; see
     * <a href="https://openjdk.org/jeps/514">JEP 514</a> and <a href="https://openjdk.org/jeps/515">515</a>. JDK 25.0.3 does not
     * see that a jar has changed since: the caller has to.
     */
    public static void useAotCaches(Path folder) {
        aotCaches = folder;
        recording = false;
    }

    /**
     * From now on each child JVM notes what it loads and what runs hot, and writes that as its AOT cache when it is stopped.
     *
     * @param folder exists
     */
    public static void recordAotCaches(Path folder) {
        aotCaches = folder;
        recording = true;
    }

    /**
     * From now on each child JVM starts from an archive of its classes; see {@link #archive}.
     *
     * @param folder exists
     */
    static void archiveClasses(Path folder) {
        archives = folder;
    }

    /**
     * Lets a JVM leave an archive of the classes that it loaded when it ends in order, and start from that of the run before,
     * which takes a third off its CPU. Jars only: of a class path with folders none is made. See
     * <a href="https://docs.oracle.com/en/java/javase/25/docs/specs/man/java.html">-XX:+AutoCreateSharedArchive</a>.
     */
    static List<String> archive(Path folder, String name) {
        Path archive = archiveFile(folder, name);
        deleteIfCutShort(archive);
        return List.of(
                "-XX:+AutoCreateSharedArchive",
                "-XX:SharedArchiveFile=" + archive,
                // that one does not fit any longer is nothing to tell
                "-Xlog:cds*=off");
    }

    static boolean archiving() {
        return archives != null;
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

    static Path archiveFile(Path folder, String name) {
        return folder.resolve(name + ".jsa");
    }

    static boolean recording() {
        return recording;
    }

    private static List<String> startAid(String name) {
        if (archives != null) {
            return archive(archives, name);
        }
        Path folder = aotCaches;
        if (folder == null) {
            return List.of();
        }
        Path cache = folder.resolve(name + ".aot");
        if (recording) {
            return List.of("-XX:AOTCacheOutput=" + cache);
        }
        return Files.isRegularFile(cache) ? List.of("-XX:AOTCache=" + cache, "-Xlog:aot*=error") : List.of();
    }

    /**
     * This JVM's own {@code java} with a bounded heap.
     *
     * @param name of the process
     * @param heapMb the largest heap in megabytes
     * @param compiler how far the JIT goes
     * @param rest class path, main class and arguments
     */
    public static List<String> command(String name, int heapMb, Compiler compiler, List<String> rest) {
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
        command.addAll(startAid(name));
        command.addAll(rest);
        return command;
    }
}
