package dev.afterimage.stack;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** Whether three servers fit into what is left of this machine's memory. */
final class Memory {

    /** PostgreSQL 60, Kafka 300, Connect 420, keeper 60 MB, seen after start. */
    private static final long NEEDED_MB = 800;

    private Memory() {}

    /** @throws StackException when what the system calls available is too little; silent where it does not say */
    static void requireEnough() {
        try {
            requireEnough(Files.readString(Path.of("/proc/meminfo")));
        } catch (IOException e) {
            // no Linux
        }
    }

    static void requireEnough(String meminfo) {
        meminfo.lines()
                .filter(line -> line.startsWith("MemAvailable:"))
                .findFirst()
                .ifPresent(line -> {
                    long available = Long.parseLong(line.replaceAll("[^0-9]", "")) / 1024;
                    if (available < NEEDED_MB) {
                        throw new StackException("PostgreSQL, Kafka and Connect need about " + NEEDED_MB
                                + " MB of memory, and " + available
                                + " MB are left: end other programs, or let another machine run them.");
                    }
                });
    }
}
