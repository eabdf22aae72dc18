package dev.afterimage.stack;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * Prefixes for commands: so that Ctrl-C does not reach the child, and so that a program that refuses root runs as root.
 */
final class Detached {

    /** The user id of {@code nobody} on Linux. */
    private static final String NOBODY = "65534";

    private Detached() {}

    /**
     * Runs the command in its own session, so that Ctrl-C does not end all parts at once and we can stop them in order.
     * Without {@code setsid} the command is returned unchanged.
     */
    static List<String> fromTerminal(List<String> command) {
        return program("setsid")
                .map(setsid -> prefixed(List.of(setsid), command))
                .orElse(command);
    }

    /**
     * For programs that refuse to run as root, as PostgreSQL's do. For an ordinary user the command is returned
     * unchanged. Root runs the command in a user namespace, where the owner of the files does not have the user id 0.
     * In a container that forbids namespaces the command runs as {@code nobody}, who becomes the owner of the folder.
     *
     * @param writable the one folder the program writes to; must exist
     * @throws StackException when we are root and the system offers neither way
     */
    static List<String> fromRoot(List<String> command, Path writable) throws IOException {
        if (!"root".equals(System.getProperty("user.name"))) {
            return command;
        }
        Optional<String> unshare = program("unshare").filter(path -> succeeds(path, "--user", "true"));
        if (unshare.isPresent()) {
            return prefixed(List.of(unshare.get(), "--user"), command);
        }
        Optional<String> setpriv = program("setpriv");
        if (setpriv.isPresent() && succeeds("chown", "-R", NOBODY + ":" + NOBODY, writable.toString())) {
            List<String> asNobody = List.of(setpriv.get(), "--reuid=" + NOBODY, "--regid=" + NOBODY, "--clear-groups");
            if (!succeeds(prefixed(asNobody, List.of("test", "-x", command.getFirst()))
                    .toArray(String[]::new))) {
                throw new StackException(
                        "PostgreSQL refuses to run as root, and as nobody it cannot reach " + command.getFirst()
                                + ": move the clone to where every user may enter, or run as an ordinary user.");
            }
            return prefixed(asNobody, command);
        }
        throw new StackException("PostgreSQL refuses to run as root, and neither unshare nor setpriv (util-linux) can"
                + " run it as another user: run Afterimage as an ordinary user.");
    }

    private static boolean succeeds(String... command) {
        try {
            return new ProcessBuilder(command).start().waitFor() == 0;
        } catch (IOException e) {
            return false;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        }
    }

    private static Optional<String> program(String name) {
        return Stream.of(System.getenv().getOrDefault("PATH", "/usr/bin:/bin").split(File.pathSeparator))
                .map(folder -> Path.of(folder, name))
                .filter(Files::isExecutable)
                .map(Path::toString)
                .findFirst();
    }

    private static List<String> prefixed(List<String> prefix, List<String> command) {
        List<String> all = new ArrayList<>(prefix);
        all.addAll(command);
        return all;
    }
}
