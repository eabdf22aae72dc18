package dev.afterimage.stack;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** Operations on whole folders, which java.nio.file does not have. */
public final class Folders {

    private Folders() {}

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
        try (FileChannel channel = FileChannel.open(
                        folder.resolveSibling(folder.getFileName() + ".lock"),
                        StandardOpenOption.CREATE,
                        StandardOpenOption.WRITE);
                FileLock lock = SharedStack.lock(channel)) {
            if (lock.isValid() && !Files.isDirectory(folder)) {
                Path incomplete = folder.resolveSibling(folder.getFileName() + ".incomplete");
                delete(incomplete);
                Files.createDirectories(incomplete);
                filler.fill(incomplete);
                Files.move(incomplete, folder);
            }
            return folder;
        }
    }

    /** Copies a folder with all permissions; existing files of the target are replaced. */
    static void copy(Path source, Path target) throws IOException {
        Files.walkFileTree(source, new SimpleFileVisitor<>() {
            @Override
            public FileVisitResult preVisitDirectory(Path visited, BasicFileAttributes attributes) throws IOException {
                Path copy = target.resolve(source.relativize(visited));
                Files.createDirectories(copy);
                Files.setPosixFilePermissions(copy, Files.getPosixFilePermissions(visited));
                return FileVisitResult.CONTINUE;
            }

            @Override
            public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) throws IOException {
                Path copy = target.resolve(source.relativize(file));
                Files.copy(file, copy, StandardCopyOption.COPY_ATTRIBUTES, StandardCopyOption.REPLACE_EXISTING);
                return FileVisitResult.CONTINUE;
            }
        });
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
        Files.walkFileTree(folder, new SimpleFileVisitor<>() {
            @Override
            public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) throws IOException {
                Files.delete(file);
                return FileVisitResult.CONTINUE;
            }

            @Override
            public FileVisitResult postVisitDirectory(Path visited, @Nullable IOException failure) throws IOException {
                Files.delete(visited);
                return FileVisitResult.CONTINUE;
            }
        });
    }
}
