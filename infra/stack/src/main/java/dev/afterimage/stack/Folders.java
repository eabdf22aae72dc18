package dev.afterimage.stack;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.Comparator;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.Stream;

/** The folder of this repository, and operations on whole folders, which java.nio.file does not have. */
public final class Folders {

    private Folders() {}

    /** The root of this repository as {@code infra/afterimage} gives it, else the working directory. */
    static Path root() {
        return Path.of(System.getProperty("afterimage.root", "")).toAbsolutePath();
    }

    /** The file or folder with this path below the root or below the first parent of the root that has it. */
    static Optional<Path> find(String path) {
        return Stream.iterate(root(), Objects::nonNull, Path::getParent)
                .map(at -> at.resolve(path))
                .filter(Files::exists)
                .findFirst();
    }

    static Path parent(Path path) {
        return Objects.requireNonNull(path.getParent(), () -> path + " has no parent");
    }

    /** Writes the content of a new, empty folder. */
    interface Filler {
        void fill(Path folder) throws IOException;
    }

    /**
     * Creates the folder if it does not exist. The folder is filled under another name and then renamed, so that a kill
     * never leaves an incomplete folder. One thread and one process at a time do this.
     *
     * @return the folder
     */
    static Path once(Path folder, Filler filler) throws IOException {
        if (Files.isDirectory(folder)) {
            return folder;
        }
        Files.createDirectories(parent(folder));
        try (FileChannel _ = locked(folder.resolveSibling(folder.getFileName() + ".lock"))) {
            if (!Files.isDirectory(folder)) {
                Path incomplete = folder.resolveSibling(folder.getFileName() + ".incomplete");
                delete(incomplete);
                Files.createDirectories(incomplete);
                filler.fill(incomplete);
                Files.move(incomplete, folder);
            }
            return folder;
        }
    }

    /**
     * Opens the file, creates it if needed, and waits until this channel holds its lock; closing the channel ends the
     * lock. {@code FileChannel.lock} waits for another JVM, but throws when this JVM holds the lock.
     */
    static FileChannel locked(Path file) throws IOException {
        FileChannel channel = FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
        while (true) {
            try {
                channel.lock();
                return channel;
            } catch (OverlappingFileLockException e) {
                Server.pause(Duration.ofMillis(50));
            }
        }
    }

    /** Copies a folder with all permissions; existing files of the target are replaced. */
    static void copy(Path source, Path target) throws IOException {
        try (Stream<Path> content = Files.walk(source)) {
            for (Path each : content.toList()) {
                Path copy = target.resolve(source.relativize(each));
                if (Files.isDirectory(each)) {
                    Files.createDirectories(copy);
                    Files.setPosixFilePermissions(copy, Files.getPosixFilePermissions(each));
                } else {
                    Files.copy(each, copy, StandardCopyOption.COPY_ATTRIBUTES, StandardCopyOption.REPLACE_EXISTING);
                }
            }
        }
    }

    /**
     * Deletes the folder and its content; does nothing if the folder does not exist.
     *
     * @throws IOException when a file of the folder cannot be deleted
     */
    public static void delete(Path folder) throws IOException {
        if (!Files.exists(folder)) {
            return;
        }
        try (Stream<Path> content = Files.walk(folder)) {
            for (Path each : content.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(each);
            }
        }
    }
}
