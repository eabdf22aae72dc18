package dev.afterimage.stack;

import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.jar.JarEntry;
import java.util.jar.JarFile;
import java.util.zip.GZIPInputStream;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveInputStream;
import org.apache.commons.compress.compressors.xz.XZCompressorInputStream;
import org.jspecify.annotations.Nullable;

/**
 * The servers' programs, in the folder that the module {@code infra/stack/distribution} builds.
 *
 * @param folder holds {@code postgres.jar}, {@code kafka/*.jar} and {@code plugins/}; after a build of {@code
 *     infra/stack/registry} also {@code registry/} and the plugin of its converter
 */
public record Distribution(Path folder) {

    /**
     * System property with the path of the folder. By default the folder is searched beside this module's target
     * folder.
     */
    public static final String PROPERTY = "afterimage.distribution";

    static Distribution locate() {
        String named = System.getProperty(PROPERTY);
        Path folder = named != null ? Path.of(named) : besideThisModule();
        if (!Files.isRegularFile(folder.resolve("postgres.jar"))) {
            throw new StackException("PostgreSQL and Kafka are not in " + folder
                    + ": build them with ./mvnw package -pl infra/stack/distribution");
        }
        return new Distribution(folder.toAbsolutePath().normalize());
    }

    private static Path besideThisModule() {
        String folder = "infra/stack/distribution/target/distribution";
        return Folders.find(folder).orElseGet(() -> Folders.root().resolve(folder));
    }

    /**
     * Creates such a folder from Maven artifacts. Several processes may call this at once.
     *
     * @param postgres the jar with the binaries for this machine
     * @param kafka the jars of the broker and of Connect
     * @param plugins the archives of Debezium's connectors
     * @return the folder
     * @throws StackException when it cannot be written
     */
    public static Path layDown(Path folder, Path postgres, List<Path> kafka, List<Path> plugins) {
        try {
            return Folders.once(folder, incomplete -> {
                Files.createDirectories(incomplete.resolve("kafka"));
                Files.copy(postgres, incomplete.resolve("postgres.jar"));
                for (Path jar : kafka) {
                    Files.copy(jar, incomplete.resolve("kafka").resolve(jar.getFileName()));
                }
                for (Path plugin : plugins) {
                    try (InputStream archive = Files.newInputStream(plugin)) {
                        untar(new GZIPInputStream(new BufferedInputStream(archive)), incomplete.resolve("plugins"));
                    }
                }
            });
        } catch (IOException e) {
            throw new StackException("Cannot write PostgreSQL and Kafka to " + folder + ": " + e.getMessage(), e);
        }
    }

    Path kafkaJars() {
        return folder.resolve("kafka");
    }

    Path plugins() {
        return folder.resolve("plugins");
    }

    /** The schema registry's folder. A build that skips the tests does not create it. */
    Path registry() {
        Path registry = folder.resolve("registry");
        if (!Files.isDirectory(registry)) {
            throw new StackException("The schema registry is not in " + folder
                    + ": build it with ./mvnw package -pl infra/stack/registry");
        }
        return registry;
    }

    /** PostgreSQL's home with {@code bin/}, unpacked on first use. Several processes may call this at once. */
    Path postgres() {
        try {
            return Folders.once(folder.resolve("postgres"), this::unpackPostgres);
        } catch (IOException e) {
            throw new StackException("Cannot unpack PostgreSQL below " + folder + ": " + e.getMessage(), e);
        }
    }

    private void unpackPostgres(Path target) throws IOException {
        try (JarFile jar = new JarFile(folder.resolve("postgres.jar").toFile())) {
            JarEntry archive = jar.stream()
                    .filter(entry -> entry.getName().endsWith(".txz"))
                    .findFirst()
                    .orElseThrow(() -> new IOException("postgres.jar holds no .txz archive"));
            untar(new XZCompressorInputStream(new BufferedInputStream(jar.getInputStream(archive))), target);
        }
    }

    private static void untar(InputStream archive, Path target) throws IOException {
        TarArchiveInputStream tar = new TarArchiveInputStream(archive);
        for (@Nullable TarArchiveEntry entry = tar.getNextEntry(); entry != null; entry = tar.getNextEntry()) {
            Path path = target.resolve(entry.getName()).normalize();
            if (!path.startsWith(target)) {
                throw new IOException("the archive points outside itself: " + entry.getName());
            }
            if (entry.isDirectory()) {
                Files.createDirectories(path);
                continue;
            }
            Files.createDirectories(Folders.parent(path));
            if (entry.isSymbolicLink()) {
                Files.createSymbolicLink(path, Path.of(entry.getLinkName()));
            } else {
                Files.copy(tar, path);
                boolean executable = (entry.getMode() & 0100) != 0;
                Files.setPosixFilePermissions(
                        path, PosixFilePermissions.fromString(executable ? "rwxr-xr-x" : "rw-r--r--"));
            }
        }
    }
}
