package dev.afterimage.cli.service;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.MissingNode;
import dev.afterimage.stack.ConnectWorker;
import dev.afterimage.stack.ConnectorStatus;
import dev.afterimage.stack.Connectors;
import dev.afterimage.stack.KafkaBroker;
import dev.afterimage.stack.Postgres;
import dev.afterimage.stack.SchemaRegistry;
import dev.afterimage.stack.Server;
import dev.afterimage.stack.StackConfig;
import dev.afterimage.stack.StackException;
import dev.afterimage.stack.Supervisor;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.function.BiConsumer;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Runs PostgreSQL, Kafka, Connect, both services, the connectors and, on request, a schema registry. Each part starts
 * when the parts that it needs are ready. A part that dies is restarted.
 */
public final class LocalPipeline implements AutoCloseable {

    private static final Duration READY_LIMIT = Duration.ofSeconds(60);
    private static final String OUTBOX_SLOT = "order_outbox";
    private static final Duration BACKLOG_LOOK = Duration.ofSeconds(10);

    private final LocalPipelineConfig config;
    private final BiConsumer<String, Duration> ready;
    private final Consumer<String> tell;
    private final Supervisor supervisor;
    private final FileChannel lock;
    private final ExecutorService starts = Executors.newCachedThreadPool(
            Thread.ofPlatform().daemon().name("start-", 1).factory());
    private final Postgres postgres;
    private final KafkaBroker kafka;
    private final ConnectWorker connect;
    private final Optional<SchemaRegistry> registry;
    private final QuarkusService orders;
    private final QuarkusService projection;
    private final Set<String> lostSlots = ConcurrentHashMap.newKeySet();

    private LocalPipeline(
            LocalPipelineConfig config,
            BiConsumer<String, Duration> ready,
            Consumer<String> tell,
            Supervisor supervisor) {
        this.config = config;
        this.ready = ready;
        this.tell = tell;
        this.supervisor = supervisor;
        this.postgres = new Postgres(config.stack());
        this.kafka = new KafkaBroker(config.stack());
        this.connect = new ConnectWorker(config.stack());
        if (!config.exactlyOnce()) {
            connect.publishAtLeastOnce();
        }
        this.registry = config.stack().registryPort() == StackConfig.NO_REGISTRY
                ? Optional.empty()
                : Optional.of(new SchemaRegistry(config.stack()));
        this.orders = QuarkusService.orders(config);
        this.projection = QuarkusService.projection(config);
        this.lock = lock(config);
    }

    /**
     * Starts all parts. Returns when a test order has arrived in the read model and the replica's connectors run, or
     * when a slot is lost and all else runs.
     *
     * @param ready called after each step, with the part that is ready and the duration of its start
     * @param tell receives one line for each crash and each restart
     * @param giveUp receives the reason when a part keeps dying
     * @throws StackException when a part does not start, or a pipeline runs in this folder already
     */
    public static LocalPipeline start(
            LocalPipelineConfig config,
            BiConsumer<String, Duration> ready,
            Consumer<String> tell,
            Consumer<String> giveUp) {
        LocalPipeline pipeline = new LocalPipeline(config, ready, tell, new Supervisor(tell, giveUp));
        Thread interrupted = Thread.ofPlatform().name("stop").unstarted(pipeline::close);
        Runtime.getRuntime().addShutdownHook(interrupted);
        try {
            pipeline.startAll();
            return pipeline;
        } catch (StackException e) {
            pipeline.close();
            throw e;
        } catch (CompletionException e) {
            pipeline.close();
            throw e.getCause() instanceof StackException told
                    ? told
                    : new StackException(String.valueOf(e.getCause()), e);
        }
    }

    private void startAll() {
        var postgresUp = step("PostgreSQL", postgres);
        var kafkaUp = step("Kafka", kafka);
        var connectUp = kafkaUp.thenCompose(up -> step("Kafka Connect", connect));
        var ordersUp = postgresUp.thenCompose(up -> step("order-service", orders));
        var projectionUp =
                CompletableFuture.allOf(postgresUp, kafkaUp).thenCompose(up -> step("projection-service", projection));
        var sourcesUp = CompletableFuture.allOf(connectUp, ordersUp);
        var outboxUp = sourcesUp.thenCompose(up -> capture("order-outbox"));
        var tablesUp = sourcesUp.thenCompose(up -> capture("source-tables"));
        var sinkUp = CompletableFuture.allOf(connectUp, postgresUp)
                .thenCompose(up -> step("connector replica-sink", () -> apply("replica-sink")));
        var registryUp = registry.map(server -> step("schema registry", server))
                .orElseGet(() -> CompletableFuture.completedFuture(null));
        failFast(postgresUp, kafkaUp, connectUp, ordersUp, projectionUp, outboxUp, tablesUp, sinkUp, registryUp);
        await("projection-service is not ready", projection, projection::ready);
        if (lostSlots.contains(OUTBOX_SLOT)) {
            return; // the order would not arrive before the repair
        }
        await("order-service is not ready", orders, orders::ready);
        step("an order, read back", this::placeAndReadBack).join();
    }

    /** Places an order, waits until the read model shows it, and deletes it. Waits as long as the backlog shrinks. */
    private void placeAndReadBack() {
        RestService shop = new RestService(config.orders());
        RestService readModel = new RestService(config.projection());
        JsonNode placed = RestService.expect(201, shop.post("/orders", shop.anOrder()));
        String order = "/orders/" + placed.path("id").asText();
        Instant lastProgress = Instant.now();
        JsonNode before = MissingNode.getInstance();
        while (!Server.await(BACKLOG_LOOK, Duration.ofMillis(20), () -> isThere(readModel, order))) {
            JsonNode feed = RestService.expect(200, readModel.get("/stats")).path("feed");
            if (!feed.equals(before)) {
                before = feed;
                lastProgress = Instant.now();
            } else if (lastProgress.plus(READY_LIMIT).isBefore(Instant.now())) {
                throw new StackException("The read model does not show the order that was placed to try the pipeline. "
                        + projection.lastWords());
            }
            tell.accept("waiting for the read model, which is %s records behind"
                    .formatted(feed.path("lag").asText("?")));
        }
        RestService.expect(204, shop.delete(order));
    }

    private static boolean isThere(RestService readModel, String order) {
        RestService.Answer answer = readModel.get(order);
        if (answer.status() == 404 || answer.status() == 503) {
            return false;
        }
        RestService.expect(200, answer);
        return true;
    }

    /**
     * Applies a connector whose replication slot is called like the connector, and waits until the slot is being read. A
     * slot that is lost can only be repaired while the pipeline runs, so the other parts start, but the connector is not
     * ready.
     */
    private CompletableFuture<Void> capture(String connector) {
        return CompletableFuture.runAsync(
                () -> {
                    Instant began = Instant.now();
                    String slot = connector.replace('-', '_');
                    if (losesItsSlot(connector, slot)) {
                        lostSlots.add(slot);
                        tell.accept("connector " + connector + " is not ready: slot " + slot
                                + " is lost, and changes with it: see When something breaks in infra/README.md");
                    } else {
                        ready.accept("connector " + connector, Duration.between(began, Instant.now()));
                    }
                },
                starts);
    }

    private boolean losesItsSlot(String connector, String slot) {
        try {
            apply(connector);
            await(
                    "Nobody reads the replication slot " + slot,
                    connect,
                    () -> postgres.replicates(slot) || isLost(slot));
            return isLost(slot);
        } catch (StackException e) {
            boolean lost = connect.connectors()
                    .status(connector)
                    .filter(ConnectorStatus::lostItsSlot)
                    .isPresent();
            if (!lost) {
                throw e;
            }
            supervisor.watch(connect.connectors(), connector);
            return true;
        }
    }

    private boolean isLost(String slot) {
        return postgres.walStatus(slot).filter("lost"::equals).isPresent();
    }

    private void apply(String connector) {
        connect.apply(Connectors.folder().resolve(connector + ".json"));
        supervisor.watch(connect.connectors(), connector);
    }

    private CompletableFuture<Void> step(String what, Server server) {
        return step(what, () -> {
            server.start();
            supervisor.watch(server);
        });
    }

    private CompletableFuture<Void> step(String what, Runnable start) {
        return CompletableFuture.runAsync(
                () -> {
                    Instant began = Instant.now();
                    start.run();
                    ready.accept(what, Duration.between(began, Instant.now()));
                },
                starts);
    }

    /** Waits until all steps are done or one has failed. */
    private static void failFast(CompletableFuture<?>... steps) {
        CompletableFuture<Object> anyFailure = new CompletableFuture<>();
        for (CompletableFuture<?> step : steps) {
            var unused = step.whenComplete((done, failure) -> {
                if (failure != null) {
                    anyFailure.completeExceptionally(failure);
                }
            });
        }
        CompletableFuture.anyOf(CompletableFuture.allOf(steps), anyFailure).join();
    }

    private static void await(String otherwise, Server logged, BooleanSupplier condition) {
        if (!Server.await(READY_LIMIT, Duration.ofMillis(50), condition)) {
            throw new StackException(otherwise + " after " + READY_LIMIT.toSeconds() + " s. " + logged.lastWords());
        }
    }

    /** Whether an order was placed and read back; not without the slot of its events. */
    public boolean ready() {
        return !lostSlots.contains(OUTBOX_SLOT);
    }

    /** The servers, by the names that users see: postgres, kafka, connect, order-service, projection-service. */
    public List<Server> servers() {
        return List.of(postgres, kafka, connect, orders, projection);
    }

    public Postgres postgres() {
        return postgres;
    }

    public KafkaBroker kafka() {
        return kafka;
    }

    public ConnectWorker connect() {
        return connect;
    }

    public QuarkusService orders() {
        return orders;
    }

    public QuarkusService projection() {
        return projection;
    }

    public LocalPipelineConfig config() {
        return config;
    }

    /**
     * The file that a running pipeline locks. Its first line is the pid of the pipeline's process, each other line an
     * option with a port.
     */
    public static Path lockFile(Path home) {
        return home.resolve("up.lock");
    }

    /** The ports of the pipeline that was started last in the folder, by option; empty if there was none. */
    static Map<String, Integer> portsOfLastStart(Path home) {
        try (Stream<String> lines = Files.lines(lockFile(home))) {
            return lines.map(line -> line.split("=", 2))
                    .filter(line -> line.length == 2)
                    .collect(Collectors.toMap(line -> line[0], line -> Integer.valueOf(line[1])));
        } catch (IOException | UncheckedIOException | NumberFormatException e) {
            return Map.of();
        }
    }

    private static FileChannel lock(LocalPipelineConfig config) {
        Path home = config.stack().home();
        try {
            Files.createDirectories(home);
            FileChannel channel = FileChannel.open(lockFile(home), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
            @Nullable FileLock lock = channel.tryLock();
            if (lock == null) {
                channel.close();
                throw alreadyRunning(home);
            }
            channel.truncate(0);
            StringBuilder content =
                    new StringBuilder().append(ProcessHandle.current().pid()).append('\n');
            new TreeMap<>(config.ports())
                    .forEach((option, port) ->
                            content.append(option).append('=').append(port).append('\n'));
            channel.write(StandardCharsets.UTF_8.encode(content.toString()));
            return channel;
        } catch (OverlappingFileLockException e) {
            throw alreadyRunning(home);
        } catch (IOException e) {
            throw new StackException("Cannot write to " + home + ": " + e.getMessage(), e);
        }
    }

    private static StackException alreadyRunning(Path home) {
        return new StackException("A pipeline already runs on the data in " + home
                + ": use that pipeline, or stop it with Ctrl-C in its terminal or infra/afterimage down.");
    }

    /**
     * Stops all parts: first the parts that write, last the servers that store. The data stays. Takes at most 10 s, or a
     * minute when the JVMs write their class archives.
     */
    @Override
    public void close() {
        supervisor.close();
        Server.closeAll(orders, projection, connect);
        registry.ifPresent(Server::close);
        Server.closeAll(kafka, postgres);
        if (lock.isOpen()) { // closed only once
            for (Server server : servers()) {
                server.crashReport()
                        .ifPresent(
                                report -> tell.accept(server.name() + " crashed while it stopped. The data is safe, and"
                                        + " the next run writes the archive of its classes. The report: " + report));
            }
        }
        try {
            lock.close();
        } catch (IOException e) {
            // the lock ends with this process at the latest
        }
    }
}
