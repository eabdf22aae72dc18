package dev.afterimage.stack;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** The command line of a child JVM that shares two cores and a laptop's memory with several others. */
public final class Jvm {

    private Jvm() {}

    /** How far the JIT goes. Measured on two cores at 30 orders a second; see README, "Measured". */
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

    /**
     * This JVM's own {@code java} with a bounded heap.
     *
     * @param heapMb the largest heap in megabytes
     * @param compiler how far the JIT goes
     * @param rest class path, main class and arguments
     */
    public static List<String> command(int heapMb, Compiler compiler, List<String> rest) {
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx" + heapMb + "m",
                // the collector with the smallest footprint; on two cores it is no slower at these heaps
                "-XX:+UseSerialGC",
                compiler.flag,
                "-XX:ReservedCodeCacheSize=64m",
                "-XX:+ExitOnOutOfMemoryError",
                "--enable-native-access=ALL-UNNAMED",
                "--sun-misc-unsafe-memory-access=allow"));
        command.addAll(rest);
        return command;
    }
}
