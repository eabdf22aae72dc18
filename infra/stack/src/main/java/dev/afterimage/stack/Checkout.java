package dev.afterimage.stack;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/** The files of this repository, for a program that runs in any working directory. */
final class Checkout {

    private Checkout() {}

    /** The root as {@code infra/afterimage} gives it in the system property, else the working directory. */
    static Path root() {
        return Path.of(System.getProperty("afterimage.root", "")).toAbsolutePath();
    }

    /** The file or folder with this path below the root or below the first parent of the root that has it. */
    static Optional<Path> find(String path) {
        for (Path at = root(); at != null; at = at.getParent()) {
            Path candidate = at.resolve(path);
            if (Files.exists(candidate)) {
                return Optional.of(candidate);
            }
        }
        return Optional.empty();
    }
}
