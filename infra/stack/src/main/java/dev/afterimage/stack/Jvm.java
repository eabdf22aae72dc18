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
 * @param flags how far the JIT goes
 * @param archives the folder of the class archives, which exists; null without archives
 */
public record Jvm(List<String> flags, @Nullable Path archives) {

    /**
     * C1 only, without archives. In the first minutes C2 costs more CPU than it saves. A method is compiled at its sixth
     * call instead of its 200th, because at 30 orders a second 200 calls take seven slow seconds. Measured on two cores,
     * latency is steady 3 s after the start instead of 12 s.
     */
    public static final Jvm PLAIN =
            new Jvm(List.of("-XX:TieredStopAtLevel=1", "-XX:CompileThresholdScaling=0.03"), null);

    /** With C2 too, without archives: for benchmarks of a service that has run for long. */
    public static final Jvm OPTIMIZING = new Jvm(List.of(), null);

    /** A pipeline stops in two steps, so with this limit all processes have ended within 10 s. */
    private static final Duration STOP_LIMIT = Duration.ofMillis(4500);
    /** For a JVM that writes its archive: it takes one second, up to six on a busy machine. */
    private static final Duration ARCHIVING_LIMIT = Duration.ofSeconds(25);

    private static final String ARCHIVE = "-XX:SharedArchiveFile=";

    /**
     * Like {@link #PLAIN}, and the first run of each JVM leaves an archive of the classes that it loaded when it ends in
     * order; later runs start from it with about half the CPU. An AOT cache would start them no sooner. Only for a class
     * path of jars. See
     * <a href="https://docs.oracle.com/en/java/javase/25/docs/specs/man/java.html">-XX:+AutoCreateSharedArchive</a>.
     *
     * @param folder exists, and belongs to exactly these jars
     */
    public static Jvm archiveClasses(Path folder) {
        return new Jvm(PLAIN.flags, folder);
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
     * @param rest class path, main class and arguments
     */
    public List<String> command(String name, int heapMb, List<String> rest) {
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx" + heapMb + "m",
                // the collector with the smallest footprint; on two cores it is no slower at these heaps
                "-XX:+UseSerialGC",
                // room, so that neither classes nor compiled code ask for full collections of 100 ms each
                "-XX:MetaspaceSize=128m",
                "-XX:ReservedCodeCacheSize=240m",
                "-XX:+ExitOnOutOfMemoryError",
                "--enable-native-access=ALL-UNNAMED",
                "--sun-misc-unsafe-memory-access=allow"));
        command.addAll(flags);
        if (archives != null) {
            command.addAll(archive(archiveFile(archives, name)));
        }
        command.addAll(rest);
        return command;
    }
}
