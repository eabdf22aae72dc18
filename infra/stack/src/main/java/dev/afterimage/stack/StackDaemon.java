package dev.afterimage.stack;

import dev.afterimage.stack.StackConnection.Answer;
import dev.afterimage.stack.StackConnection.Question;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Properties;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArraySet;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.jspecify.annotations.Nullable;

/**
 * The process behind a {@link SharedStack}: starts the servers that its users request, restarts those that die, and
 * ends after the last user has left.
 */
final class StackDaemon {

    static final String PORT_FILE = "daemon.port";

    /** Time to wait for a user that restarts, as a test with another profile does. */
    private static final Duration LINGER = Duration.ofSeconds(3);
    /** Time to wait while a build compiles the next module, whose tests use the same stack. */
    private static final Duration LINGER_IN_BUILD = Duration.ofSeconds(45);

    private final StackConfig config;
    private final @Nullable String kafkaElsewhere;
    private final Optional<ProcessHandle> build;
    private final Postgres postgres;
    private final KafkaBroker kafka;
    private final ConnectWorker connect;
    private final Databases databases;
    private final Supervisor supervisor = new Supervisor(this::tellAll, this::giveUp);
    private final ExecutorService threads =
            Executors.newCachedThreadPool(Thread.ofPlatform().daemon().factory());
    private final Map<Server, CompletableFuture<Void>> started = new HashMap<>();
    private final Set<String> watched = ConcurrentHashMap.newKeySet();
    private final Set<StackConnection> users = new CopyOnWriteArraySet<>();
    private final ServerSocket door;
    private volatile long lastLeft = System.nanoTime();
    private boolean ending;

    private StackDaemon(StackConfig config, @Nullable String kafkaElsewhere, Optional<ProcessHandle> build)
            throws IOException {
        this.config = config;
        this.kafkaElsewhere = kafkaElsewhere;
        this.build = build;
        this.postgres = new Postgres(config, true);
        this.kafka = new KafkaBroker(config, true);
        this.connect = new ConnectWorker(config, bootstrapServers());
        this.databases = new Databases(config);
        this.door = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
    }

    /**
     * {@link SharedStack} starts this process.
     *
     * @param arguments the {@link StackRequest.Place} as JSON, and the pid of the Maven build whose tests use this
     *     stack, else the pid of no process
     */
    public static void main(String[] arguments) throws IOException {
        StackRequest.Place place = StackConnection.JSON.readValue(arguments[0], StackRequest.Place.class);
        Path home = place.home();
        // the previous daemon may still be ending
        try (FileChannel _ = Folders.locked(home.resolve("daemon.lock"))) {
            Path own = KafkaJvm.codeSource();
            Jvm jvm = Jvm.PLAIN;
            if (!place.fresh() && Files.isRegularFile(own)) {
                // the data is kept, so this stack will start again, and a user waits for that start
                deleteArchivesOfOtherJars(home, own + " of " + Files.getLastModifiedTime(own));
                jvm = Jvm.archiveClasses(home);
            }
            clear(home, place.fresh());
            StackDaemon daemon = new StackDaemon(
                    config(place).with(jvm), place.kafka(), ProcessHandle.of(Long.parseLong(arguments[1])));
            Runtime.getRuntime().addShutdownHook(Thread.ofPlatform().unstarted(daemon::stop));
            daemon.serve();
        } catch (StackException e) {
            System.out.println(e.getMessage());
            System.exit(1);
        }
    }

    /**
     * The requested ports; else those of the last run if they are free, so that bookmarks stay valid; else free ports.
     */
    private static StackConfig config(StackRequest.Place place) throws IOException {
        Path file = place.home().resolve("ports.properties");
        Properties last = new Properties();
        if (Files.exists(file)) {
            try (var in = Files.newBufferedReader(file)) {
                last.load(in);
            }
        }
        List<Integer> free = StackConfig.freePorts(4);
        String[] names = {"postgres", "kafka", "connect", "controller"};
        int[] wanted = {place.postgresPort(), place.kafkaPort(), place.connectPort(), 0};
        int[] ports = new int[names.length];
        for (int i = 0; i < names.length; i++) {
            int before = Integer.parseInt(last.getProperty(names[i], "0"));
            ports[i] = wanted[i] != 0 ? wanted[i] : before != 0 && StackConfig.free(before) ? before : free.get(i);
            last.setProperty(names[i], Integer.toString(ports[i]));
        }
        try (var out = Files.newBufferedWriter(file)) {
            last.store(out, null);
        }
        return new StackConfig(place.home(), ports[0], ports[1], ports[3], ports[2], StackConfig.NO_REGISTRY);
    }

    /** Ends the servers that a killed daemon left running, and deletes the data for a fresh start. */
    private static void clear(Path home, boolean fresh) throws IOException {
        StackConfig any = StackConfig.onFreePorts(home);
        for (Server server : List.of(new ConnectWorker(any), new KafkaBroker(any), new Postgres(any))) {
            server.stopLeftover();
        }
        if (fresh) {
            Folders.delete(any.home().resolve("postgres"));
            Folders.delete(any.home().resolve("kafka"));
        }
    }

    /**
     * An archive is valid only for the jars that it was made from; a JVM ignores an invalid archive and does not replace
     * it.
     */
    private static void deleteArchivesOfOtherJars(Path home, String jar) throws IOException {
        Path madeOf = home.resolve("archives");
        if (!Files.exists(madeOf) || !Files.readString(madeOf).equals(jar)) {
            for (String name : List.of("daemon", "kafka", "connect")) {
                Files.deleteIfExists(Jvm.archiveFile(home, name));
            }
            Files.writeString(madeOf, jar);
        }
    }

    private void serve() throws IOException {
        Path file = config.home().resolve(PORT_FILE);
        Path complete = file.resolveSibling(PORT_FILE + ".new");
        Files.writeString(complete, Integer.toString(door.getLocalPort()));
        Files.move(complete, file, StandardCopyOption.ATOMIC_MOVE);
        lingerLater();
        while (true) {
            Socket socket;
            try {
                socket = door.accept();
            } catch (IOException e) {
                break;
            }
            StackConnection user = new StackConnection(socket);
            if (admit(user)) {
                threads.execute(() -> attend(user));
            } else {
                user.close();
            }
        }
        System.exit(0);
    }

    private synchronized boolean admit(StackConnection user) {
        return !ending && say(user, StackConnection.HELLO) && users.add(user);
    }

    /** Whether the user is still there. */
    private static boolean say(StackConnection user, Object message) {
        try {
            user.send(message);
            return true;
        } catch (IOException e) {
            return false;
        }
    }

    private static void tell(StackConnection user, String line) {
        say(user, Answer.news(line));
    }

    private void attend(StackConnection user) {
        try (user) {
            for (Question question = user.read(Question.class);
                    question != null;
                    question = user.read(Question.class)) {
                if (question.look() != null) {
                    user.send(Answer.view(look(question.look())));
                } else if (question.join() != null) {
                    user.send(fulfil(question.join(), user));
                }
            }
        } catch (IOException e) {
            // the user was killed; treat this like an orderly end
        }
        lastLeft = System.nanoTime();
        users.remove(user);
        lingerLater();
    }

    private void lingerLater() {
        threads.execute(() -> {
            while (users.isEmpty() && lingers()) {
                Server.pause(Duration.ofMillis(100));
            }
            synchronized (this) {
                if (!users.isEmpty()) {
                    return;
                }
                ending = true;
            }
            closeDoor();
        });
    }

    private boolean lingers() {
        long alone = System.nanoTime() - lastLeft;
        return alone < LINGER.toNanos()
                || (alone < LINGER_IN_BUILD.toNanos()
                        && build.filter(ProcessHandle::isAlive).isPresent());
    }

    private void closeDoor() {
        try {
            Files.deleteIfExists(config.home().resolve(PORT_FILE));
            door.close();
        } catch (IOException e) {
            System.exit(1);
        }
    }

    private void stop() {
        supervisor.close();
        connect.close();
        Server.closeAll(kafka, postgres);
    }

    private void giveUp(String reason) {
        tellAll(reason);
        closeDoor();
    }

    private void tellAll(String line) {
        users.forEach(user -> tell(user, line));
    }

    // -- requests of users

    private Answer fulfil(StackRequest request, StackConnection user) {
        try {
            List<CompletableFuture<Void>> servers = new ArrayList<>();
            StackRequest.Database database = request.database();
            if (database != null) {
                servers.add(up(postgres).thenRun(() -> databases.provide(database, request.connectors())));
            }
            if (kafkaElsewhere == null
                    && (request.kafka() || !request.connectors().isEmpty())) {
                String topics = request.topics();
                servers.add(topics == null ? up(kafka) : up(kafka).thenRun(() -> kafka.createTopics(Path.of(topics))));
            }
            CompletableFuture<Void> provided = CompletableFuture.allOf(servers.toArray(CompletableFuture[]::new));
            CompletableFuture<Void> connectors = request.connectors().isEmpty()
                    ? CompletableFuture.completedFuture(null)
                    : connectors(request, provided, user);
            provided.join();
            if (request.streaming()) {
                connectors.join();
            } else {
                var unused = connectors.exceptionally(failure -> {
                    tell(user, sentence(failure));
                    return null;
                });
            }
            return Answer.ready(addresses());
        } catch (StackException | CompletionException e) {
            return Answer.failed(sentence(e));
        }
    }

    private StackRequest.View look(StackRequest.Look look) {
        String slot = look.login() == null || look.slot() == null ? "" : Databases.slotState(look.login(), look.slot());
        return new StackRequest.View(slot, LastEvents.of(bootstrapServers()));
    }

    private static String sentence(Throwable failure) {
        Throwable cause =
                failure instanceof CompletionException && failure.getCause() != null ? failure.getCause() : failure;
        return cause instanceof StackException ? Objects.requireNonNull(cause.getMessage()) : cause.toString();
    }

    private String bootstrapServers() {
        return kafkaElsewhere == null ? kafka.bootstrapServers() : kafkaElsewhere;
    }

    private StackRequest.Addresses addresses() {
        return new StackRequest.Addresses(
                StackConfig.HOST + ":" + config.postgresPort(),
                bootstrapServers(),
                config.connect().toString());
    }

    private synchronized CompletableFuture<Void> up(Server server) {
        CompletableFuture<Void> before = started.get(server);
        if (before != null && !before.isCompletedExceptionally()) {
            return before;
        }
        CompletableFuture<Void> start = CompletableFuture.runAsync(
                () -> {
                    server.start();
                    supervisor.watch(server);
                },
                threads);
        started.put(server, start);
        return start;
    }

    /** Starts Connect in parallel with PostgreSQL, and applies the connectors when the databases and slots exist. */
    private CompletableFuture<Void> connectors(
            StackRequest request, CompletableFuture<Void> provided, StackConnection user) {
        CompletableFuture<Void> worker =
                kafkaElsewhere == null ? up(kafka).thenComposeAsync(up -> up(connect), threads) : up(connect);
        return CompletableFuture.allOf(request.connectors().stream()
                .map(connector -> worker.thenCombine(provided, (up, too) -> connector)
                        .thenAcceptAsync(ready -> apply(request, ready, user), threads))
                .toArray(CompletableFuture[]::new));
    }

    private void apply(StackRequest request, StackRequest.Connector connector, StackConnection user) {
        Map<String, String> settings = new HashMap<>(connector.config());
        StackRequest.Outbox outbox = connector.outbox();
        StackRequest.Login login = request.database() == null
                ? request.elsewhere()
                : Databases.login(addresses().postgres(), request.database());
        if (request.database() != null && settings.keySet().stream().anyMatch(key -> key.startsWith("database."))) {
            settings.putAll(databases.debezium(request.database()));
        }
        if (outbox != null && login != null) {
            threads.execute(() -> databases.compare(login, outbox).ifPresent(line -> tell(user, line)));
            if (!connector.publish()) {
                databases.awaitPublication(login, settings, outbox);
            }
        }
        connect.connectors().apply(connector.name(), StackConnection.JSON.valueToTree(settings));
        if (watched.add(connector.name())) {
            supervisor.watch(connect.connectors(), connector.name());
        }
        if (outbox != null && login != null) {
            databases.awaitReader(login, settings);
            tell(user, "connector " + connector.name() + " reads " + outbox.schema() + "." + outbox.table());
        }
    }
}
