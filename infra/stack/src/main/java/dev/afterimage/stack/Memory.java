package dev.afterimage.stack;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** Checks whether this machine has enough free memory for the three servers. */
final class Memory {

    /** Measured after a start: PostgreSQL 60 MB, Kafka 300 MB, Connect 420 MB, the daemon 60 MB. */
    private static final long NEEDED_MB = 800;

    private Memory() {}

    /**
     * @throws StackException when too little memory is available; never where the system does not report available
     * memory
     */
    static void requireEnough() {
        try {
            requireEnough(Files.readString(Path.of("/proc/meminfo")));
        } catch (IOException e) {
            // not Linux
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
