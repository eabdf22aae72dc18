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
 * @param startAid what makes a start faster
 * @param folder has the files of the start aid and exists; null without one
 */
public record Jvm(
        boolean optimizing, StartAid startAid, @Nullable Path folder) {

    /** Starts without an aid; the command decides how far the JIT goes. */
    public static final Jvm PLAIN = new Jvm(false, StartAid.NONE, null);

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

    /** What makes the start of a JVM faster, and how long the JVM may take for it when it stops. */
    public enum StartAid {
        /** A pipeline stops in two steps, so with this limit all processes have ended within 10 s. */
        NONE(Duration.ofMillis(4500)),
        /** The AOT cache with the name of the process, if it exists. */
        AOT_CACHE(Duration.ofMillis(4500)),
        /** Records that cache, which takes two cores about a minute in total. */
        AOT_RECORDING(Duration.ofMinutes(3)),
        /** An archive of the classes of the previous run, which each run writes: one second, up to six on a busy machine. */
        CLASS_ARCHIVE(Duration.ofSeconds(30));

        private final Duration stopLimit;

        StartAid(Duration stopLimit) {
            this.stopLimit = stopLimit;
        }
    }

    /** The same, and each JVM optimises like {@link Compiler#OPTIMIZING}. */
    public Jvm optimizeAll() {
        return new Jvm(true, startAid, folder);
    }

    /**
     * The same with the AOT cache that has the name of the process, if it exists; see
     * <a href="https://openjdk.org/jeps/514">JEP 514</a> and <a href="https://openjdk.org/jeps/515">515</a>. JDK 25.0.3
     * does not notice that a jar has changed since: the caller must.
     */
    public Jvm useAotCaches(Path caches) {
        return new Jvm(optimizing, StartAid.AOT_CACHE, caches);
    }

    /**
     * The same, and each JVM records what it loads and what runs hot, and writes that as its AOT cache when it is
     * stopped.
     *
     * @param caches exists
     */
    public Jvm recordAotCaches(Path caches) {
        return new Jvm(optimizing, StartAid.AOT_RECORDING, caches);
    }

    /**
     * The same, and each JVM leaves an archive of the classes that it loaded when it ends in order, and starts from the
     * archive of the previous run, which saves a third of its CPU. Only for a class path of jars. See
     * <a href="https://docs.oracle.com/en/java/javase/25/docs/specs/man/java.html">-XX:+AutoCreateSharedArchive</a>.
     *
     * @param archives exists
     */
    Jvm archiveClasses(Path archives) {
        return new Jvm(optimizing, StartAid.CLASS_ARCHIVE, archives);
    }

    static Path archiveFile(Path archives, String name) {
        return archives.resolve(name + ".jsa");
    }

    /** The time that a process has to end after it was asked to. */
    Duration stopLimit() {
        return startAid.stopLimit;
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

    private List<String> startAid(String name) {
        if (folder == null) {
            return List.of();
        }
        Path cache = folder.resolve(name + ".aot");
        Path archive = archiveFile(folder, name);
        return switch (startAid) {
            case NONE -> List.of();
            case AOT_CACHE ->
                Files.isRegularFile(cache) ? List.of("-XX:AOTCache=" + cache, "-Xlog:aot*=error") : List.of();
            case AOT_RECORDING -> List.of("-XX:AOTCacheOutput=" + cache);
            case CLASS_ARCHIVE -> {
                deleteIfCutShort(archive);
                yield List.of(
                        "-XX:+AutoCreateSharedArchive",
                        "-XX:SharedArchiveFile=" + archive,
                        // an archive that does not fit any longer needs no message
                        "-Xlog:cds*=off");
            }
        };
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
        command.addAll(startAid(name));
        command.addAll(rest);
        return command;
    }
}
