package dev.afterimage.stack;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.afterimage.stack.StackConnection.Answer;
import dev.afterimage.stack.StackConnection.Question;
import java.io.File;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * One stack that several programs on this machine share. A separate process runs it, the {@link StackDaemon}. Each user
 * holds a connection to the daemon. The operating system closes the connection when the user ends, in any way. The
 * daemon ends after the last connection is closed. In a Maven build, the daemon of the tests waits some time for the
 * tests of the next module.
 */
public final class SharedStack implements AutoCloseable {

    /** Longer than the starts of PostgreSQL and Kafka, which have their own limit of a minute. */
    private static final Duration START_LIMIT = Duration.ofMinutes(3);

    /** Measured after a start: PostgreSQL 60 MB, Kafka 300 MB, Connect 420 MB, the daemon 60 MB. */
    private static final long NEEDED_MB = 800;

    private static final String MAVEN = "org.codehaus.plexus.classworlds.launcher.Launcher";
    private static final long NO_PROCESS = -1;

    private final StackRequest.Place place;
    private final StackRequest request;
    private final Consumer<String> tell;
    private StackConnection connection;
    private volatile StackRequest.Addresses addresses;
    private volatile boolean closed;

    private SharedStack(StackRequest.Place place, StackRequest request, Consumer<String> tell) {
        this.place = place;
        this.request = request;
        this.tell = tell;
        this.connection = connect(place);
        this.addresses = ask(connection, request, tell);
    }

    /**
     * Joins the stack of the place, and starts it if it does not run. Returns when the stack fulfils the request.
     *
     * @param tell receives later messages, one line each: crashes, restarts, an outbox table that does not match
     * @throws StackException when a part does not start; the message is one sentence that says what to change
     */
    public static SharedStack join(StackRequest.Place place, StackRequest request, Consumer<String> tell) {
        SharedStack joined = new SharedStack(place, request, tell);
        Thread.ofPlatform().daemon().name("outbox-dev-services").start(joined::listen);
        return joined;
    }

    public StackRequest.Addresses addresses() {
        return addresses;
    }

    /**
     * The current state of the slot and the last events of every topic, as the daemon reads them.
     *
     * @throws StackException when the daemon does not answer
     */
    public StackRequest.View look(@Nullable String slot) {
        try (StackConnection visit =
                open(place.home()).orElseThrow(() -> new StackException("The dev services' daemon does not run."))) {
            StackRequest.Login login = request.database() == null
                    ? request.elsewhere()
                    : Databases.login(addresses.postgres(), request.database());
            visit.send(new Question(null, new StackRequest.Look(login, slot)));
            Answer answer = visit.read(Answer.class);
            if (answer == null || answer.view() == null) {
                throw new StackException("The dev services' daemon has ended.");
            }
            return answer.view();
        } catch (IOException e) {
            throw new StackException("The dev services' daemon does not answer: " + e.getMessage(), e);
        }
    }

    /** Leaves the stack. The stack ends a moment later, unless another program uses it. */
    @Override
    public synchronized void close() {
        closed = true;
        connection.close();
    }

    private void listen() {
        while (!closed) {
            try {
                Answer answer = connection.read(Answer.class);
                if (answer != null) {
                    tell.accept(String.valueOf(answer.news()));
                    continue;
                }
            } catch (IOException e) {
                // the daemon has ended
            }
            rejoin();
        }
    }

    /**
     * Called after the daemon was killed: a new daemon stops the processes that the old one left running, and starts
     * all of them on the same ports.
     */
    private synchronized void rejoin() {
        if (closed) {
            return;
        }
        tell.accept("the dev services' daemon has ended; starting it again");
        try {
            connection = connect(place);
            addresses = ask(connection, request, tell);
        } catch (StackException e) {
            closed = true;
            tell.accept(e.getMessage());
        }
    }

    private static StackConnection connect(StackRequest.Place place) {
        Path home = place.home();
        try {
            Files.createDirectories(home);
            try (FileChannel _ = Folders.locked(home.resolve("join.lock"))) {
                Optional<StackConnection> running = open(home);
                return running.isPresent() ? running.get() : start(place);
            }
        } catch (IOException e) {
            throw new StackException(
                    "Cannot write to the folder of the dev services, " + home + " (" + e
                            + "): give yourself that permission or choose another folder.",
                    e);
        }
    }

    /**
     * The jars of the Kafka client, for the daemon. They are not dependencies of this module: otherwise an application
     * without a Kafka client would seem to have one.
     */
    private static List<Path> kafkaClient(Path distribution) throws IOException {
        List<Path> jars = new ArrayList<>();
        try (var found = Files.newDirectoryStream(distribution.resolve("kafka"), "{kafka-clients,slf4j-api}-*.jar")) {
            found.forEach(jars::add);
        }
        return jars;
    }

    private static StackConnection start(StackRequest.Place place) throws IOException {
        requireMemory();
        Path log = place.home().resolve("logs").resolve("daemon.log");
        Files.createDirectories(Folders.parent(log));
        Files.deleteIfExists(place.home().resolve(StackDaemon.PORT_FILE));
        boolean archives = !place.fresh() && place.classPath().stream().allMatch(Files::isRegularFile);
        Jvm jvm = archives ? Jvm.archiveClasses(place.home()) : Jvm.PLAIN;
        ObjectNode argument = StackConnection.JSON.valueToTree(place);
        // the command line has it already, and the system shows no more than a page of it
        argument.putArray("classPath");
        List<String> rest = List.of(
                "-D" + Distribution.PROPERTY + "=" + place.distribution(),
                "-cp",
                Stream.concat(place.classPath().stream(), kafkaClient(place.distribution()).stream())
                        .map(Path::toString)
                        .collect(Collectors.joining(File.pathSeparator)),
                StackDaemon.class.getName(),
                argument.toString(),
                Long.toString(place.fresh() ? build() : NO_PROCESS));
        List<String> java = jvm.command("daemon", 96, rest);
        Process daemon = new ProcessBuilder(Detached.fromTerminal(java))
                .redirectErrorStream(true)
                .redirectOutput(log.toFile())
                .start();
        daemon.getOutputStream().close();
        Instant deadline = Instant.now().plus(START_LIMIT);
        while (daemon.isAlive() && Instant.now().isBefore(deadline)) {
            Optional<StackConnection> connection = open(place.home());
            if (connection.isPresent()) {
                return connection.get();
            }
            Server.pause(Duration.ofMillis(20));
        }
        daemon.destroy();
        String words = Files.readString(log).strip();
        throw new StackException(words.isEmpty() ? "The dev services' daemon does not answer, see " + log : words);
    }

    /** Does nothing where the system does not report the available memory. */
    private static void requireMemory() {
        try {
            requireMemory(Files.readString(Path.of("/proc/meminfo")));
        } catch (IOException e) {
            // not Linux
        }
    }

    static void requireMemory(String meminfo) {
        meminfo.lines()
                .filter(line -> line.startsWith("MemAvailable:"))
                .mapToLong(line -> Long.parseLong(line.replaceAll("[^0-9]", "")) / 1024)
                .filter(available -> available < NEEDED_MB)
                .findFirst()
                .ifPresent(available -> {
                    throw new StackException("PostgreSQL, Kafka and Connect need about " + NEEDED_MB
                            + " MB of memory, and " + available
                            + " MB are left: end other programs, or let another machine run them.");
                });
    }

    /** The pid of the Maven build that this process belongs to; it is the same for the tests of all modules. */
    private static long build() {
        return Stream.iterate(
                        ProcessHandle.current().parent(),
                        Optional::isPresent,
                        parent -> parent.flatMap(ProcessHandle::parent))
                .flatMap(Optional::stream)
                .filter(process -> process.info().commandLine().orElse("").contains(MAVEN))
                .map(ProcessHandle::pid)
                .findFirst()
                .orElse(NO_PROCESS);
    }

    private static Optional<StackConnection> open(Path home) throws IOException {
        Path file = home.resolve(StackDaemon.PORT_FILE);
        if (!Files.exists(file)) {
            return Optional.empty();
        }
        Socket socket = new Socket();
        try {
            int port = Integer.parseInt(Files.readString(file).strip());
            socket.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), 1000);
            socket.setSoTimeout(2000);
            StackConnection connection = new StackConnection(socket);
            if (StackConnection.HELLO.equals(connection.read(String.class))) {
                socket.setSoTimeout(0);
                return Optional.of(connection);
            }
        } catch (IOException | NumberFormatException e) {
            // the file is of a daemon that has ended
        }
        socket.close();
        return Optional.empty();
    }

    private static StackRequest.Addresses ask(StackConnection connection, StackRequest request, Consumer<String> tell) {
        try {
            connection.send(new Question(request, null));
            for (Answer answer = connection.read(Answer.class);
                    answer != null;
                    answer = connection.read(Answer.class)) {
                if (answer.failed() != null) {
                    connection.close();
                    throw new StackException(answer.failed());
                }
                if (answer.ready() != null) {
                    return answer.ready();
                }
                tell.accept(String.valueOf(answer.news()));
            }
            throw new StackException("The dev services' daemon ended while it started; see its log.");
        } catch (IOException e) {
            throw new StackException("The dev services' daemon does not answer: " + e.getMessage(), e);
        }
    }
}
