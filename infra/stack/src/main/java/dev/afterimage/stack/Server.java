package dev.afterimage.stack;

import java.io.IOException;
import java.net.HttpURLConnection;
import java.net.URI;
import java.nio.channels.Channels;
import java.nio.channels.SeekableByteChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * One child process that serves a port. A start waits until the process answers. The process can start again in the
 * same folder after any end, also after a kill of this process or of the child. Tests can kill it.
 */
public abstract class Server implements AutoCloseable {

    private static final Duration START_LIMIT = Duration.ofMinutes(2);
    private static final Duration KILL_LIMIT = Duration.ofMillis(500);
    private static final Duration PROBE_INTERVAL = Duration.ofMillis(50);
    private static final String PID_FILE = ".pid";
    private static final Pattern RECORDED = Pattern.compile("([0-9]{1,18}) (\\S+Z)");
    /** Linux counts the start time of a process from the boot time, which changes when the clock is set. */
    private static final Duration CLOCK_STEP = Duration.ofSeconds(5);

    private static final int LAST_WORDS_BYTES = 8_000;
    private static final int LAST_WORDS_LINES = 12;
    private static final long LOG_LIMIT_BYTES = 20_000_000;

    private final String name;
    private final StackConfig config;
    private volatile @Nullable Process process;
    private volatile boolean closed;
    private volatile Duration stopLimit = Jvm.stopLimit(List.of());
    private volatile long logSizeAtStart;

    /**
     * @param name shown to users; also the name of the log file
     * @param config the stack that the server belongs to
     */
    protected Server(String name, StackConfig config) {
        this.name = name;
        this.config = config;
    }

    /** Prepares the data folder and returns the command; called before every start. */
    protected abstract List<String> prepare() throws IOException;

    /**
     * Creates what users expect in the running server. It is called after every start, so it must check what exists.
     */
    protected void provision() {}

    /** Variables to add to the environment of the process. */
    protected Map<String, String> environment() {
        return Map.of();
    }

    /** The ports that the process binds, by their purpose. */
    protected abstract Map<String, Integer> ports();

    /** Whether the process is ready; called repeatedly until it returns true. */
    protected abstract boolean answers();

    /** The signal for an orderly stop. */
    protected String stopSignal() {
        return "TERM";
    }

    public final String name() {
        return name;
    }

    /** The folder of the data and the logs of all parts. */
    protected final Path home() {
        return config.home();
    }

    /** The stack that the server belongs to. */
    protected final StackConfig config() {
        return config;
    }

    /** The log file with all output of the process, of this run and of earlier runs. */
    public final Path log() {
        return home().resolve("logs").resolve(name + ".log");
    }

    /**
     * Starts the process and waits until it answers. A process that an earlier run left behind is stopped first.
     *
     * @throws StackException when a port is taken, the process ends, or does not answer within two minutes; the message
     *     ends with the last lines of its log
     */
    public final void start() {
        try {
            Files.createDirectories(Folders.parent(log()));
            stopLeftover();
            Instant deadline = Instant.now().plus(START_LIMIT);
            do {
                ports().forEach(this::requireFree);
                rotateLog();
                Process started = spawn(prepare());
                if (awaitAnswer(started, deadline)) {
                    provision();
                    return;
                }
            } while (Instant.now().isBefore(deadline) && startIsWorthRepeating());
            throw new StackException(name + " does not start. " + lastWords());
        } catch (RuntimeException | IOException e) {
            Process running = process;
            // unless close() is ending it already
            if (!closed && running != null && running.isAlive()) {
                end(running.toHandle());
            }
            throw e instanceof RuntimeException failure
                    ? failure
                    : new StackException(name + " cannot start in " + home() + ": " + e.getMessage(), e);
        }
    }

    /** Whether the cause of a failed start is temporary; called after the process has ended without an answer. */
    protected boolean startIsWorthRepeating() {
        return false;
    }

    private boolean awaitAnswer(Process started, Instant deadline) {
        while (started.isAlive()) {
            if (answers()) {
                return true;
            }
            if (Instant.now().isAfter(deadline)) {
                throw new StackException(name + " runs (pid " + started.pid() + ") but does not answer within "
                        + START_LIMIT.toSeconds() + " s. " + lastWords());
            }
            pause(PROBE_INTERVAL);
        }
        return false;
    }

    /** Synchronized with {@link #close()}, so that no process starts after the server is closed. */
    private synchronized Process spawn(List<String> command) throws IOException {
        if (closed) {
            throw new StackException(name + " was closed and does not start again");
        }
        ProcessBuilder builder = new ProcessBuilder(Detached.fromTerminal(command))
                .directory(home().toFile())
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.appendTo(log().toFile()));
        logSizeAtStart = Files.exists(log()) ? Files.size(log()) : 0;
        // by default glibc keeps a memory arena for each thread, which costs a JVM tens of megabytes
        builder.environment().put("MALLOC_ARENA_MAX", "2");
        builder.environment().putAll(environment());
        stopLimit = Jvm.stopLimit(command);
        Process started = builder.start();
        started.getOutputStream().close();
        process = started;
        String start = started.info().startInstant().map(Instant::toString).orElse("?");
        Files.writeString(pidFile(), started.pid() + " " + start);
        return started;
    }

    /** Runs a helper program as a child like the server, waits for its end and returns its exit status. */
    protected final int run(List<String> command) throws IOException {
        try {
            return spawn(command).waitFor();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new StackException("Interrupted while " + name + " was prepared", e);
        }
    }

    /** Starts the server. It stops with this JVM at the latest; a pipeline stops its servers in its own order. */
    protected static <S extends Server> S startForThisRun(S server) {
        server.closeAtExit();
        server.start();
        return server;
    }

    /** Closes the servers, all at the same time. */
    public static void closeAll(Server... servers) {
        CompletableFuture.allOf(Stream.of(servers)
                        .map(server -> CompletableFuture.runAsync(
                                server::close, command -> Thread.ofPlatform().start(command)))
                        .toArray(CompletableFuture[]::new))
                .join();
    }

    /**
     * The pids that the servers wrote down, by the name of the server.
     *
     * @throws NumberFormatException when a file has another content
     */
    public static Map<String, Long> pids(Path home) throws IOException {
        Map<String, Long> pids = new TreeMap<>();
        try (DirectoryStream<Path> files = Files.newDirectoryStream(home, "*" + PID_FILE)) {
            for (Path file : files) {
                pids.put(
                        file.getFileName().toString().replace(PID_FILE, ""),
                        Long.valueOf(Files.readString(file).split(" ", 2)[0]));
            }
        }
        return pids;
    }

    /** Stops the process when this JVM ends. */
    protected final void closeAtExit() {
        Runtime.getRuntime().addShutdownHook(Thread.ofPlatform().unstarted(this::close));
    }

    private void rotateLog() throws IOException {
        if (Files.exists(log()) && Files.size(log()) > LOG_LIMIT_BYTES) {
            Files.move(log(), log().resolveSibling(name + ".1.log"), StandardCopyOption.REPLACE_EXISTING);
        }
    }

    private void requireFree(String purpose, int port) {
        if (!StackConfig.free(port)) {
            throw new StackException("Port " + port + ", which " + purpose + " needs, is taken by another program:"
                    + " stop that program or choose another port.");
        }
    }

    // -- a process that outlives this JVM is found again by pid and start time, because another process may reuse the
    // pid

    private Path pidFile() {
        return home().resolve(name + PID_FILE);
    }

    /** Ends the process that an earlier run left running, if any. */
    final void stopLeftover() throws IOException {
        if (!Files.exists(pidFile())) {
            return;
        }
        Matcher recorded = RECORDED.matcher(Files.readString(pidFile()));
        if (recorded.matches()) {
            Instant start = Instant.parse(recorded.group(2));
            ProcessHandle.of(Long.parseLong(recorded.group(1)))
                    .filter(process -> process.info()
                            .startInstant()
                            .filter(instant ->
                                    Duration.between(instant, start).abs().compareTo(CLOCK_STEP) < 0)
                            .isPresent())
                    .ifPresent(this::end);
        }
        Files.deleteIfExists(pidFile());
    }

    private void end(ProcessHandle handle) {
        signal(handle, stopSignal());
        if (!ended(handle, stopLimit)) {
            handle.destroyForcibly();
            ended(handle, KILL_LIMIT);
        }
    }

    private static boolean ended(ProcessHandle handle, Duration limit) {
        return await(limit, Duration.ofMillis(20), () -> !handle.isAlive());
    }

    private static void signal(ProcessHandle handle, String signal) {
        if (signal.equals("TERM")) {
            handle.destroy();
            return;
        }
        try {
            new ProcessBuilder("sh", "-c", "kill -" + signal + " " + handle.pid())
                    .start()
                    .waitFor();
        } catch (IOException e) {
            handle.destroy();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** The pid of the process, or null when the process does not run. */
    public final @Nullable Long pid() {
        Process running = process;
        return running != null && running.isAlive() ? Long.valueOf(running.pid()) : null;
    }

    /** Whether the process has begun a stop that lasts until its clients leave. */
    protected boolean waitsForClients() {
        return false;
    }

    /**
     * Waits until the process ends for any reason and returns its exit status; a stop that waits for clients is made a
     * fast one. Waits on the caller's thread: the JDK's {@code onExit} needs a thread of the common pool, which on two
     * cores has only one thread, and that may be in use.
     */
    final int awaitExit() throws InterruptedException {
        Process running = process;
        if (running == null) {
            return -1;
        }
        while (!running.waitFor(1, TimeUnit.SECONDS)) {
            if (waitsForClients()) {
                signal(running.toHandle(), stopSignal());
            }
        }
        return running.exitValue();
    }

    final boolean closed() {
        return closed;
    }

    /** Kills the process as {@code kill -9} does, for tests of recovery. The supervisor treats this as a crash. */
    public final void kill() {
        Process running = process;
        if (running != null) {
            running.destroyForcibly();
            ended(running.toHandle(), stopLimit);
        }
    }

    /** Stops the process, by force when it has not ended in time, and prevents a new start. The data stays. */
    @Override
    public void close() {
        Process running = closeForGood();
        if (running == null) {
            // keep the pid file: it may identify a process that an earlier run left running
            return;
        }
        if (running.isAlive()) {
            end(running.toHandle());
        }
        try {
            Files.deleteIfExists(pidFile());
        } catch (IOException e) {
            // the next start reads the file, finds no such process and continues
        }
    }

    /** The crash report of this server's JVM; empty if it did not crash. */
    public final Optional<Path> crashReport() {
        return Optional.ofNullable(process)
                .map(ended -> home().resolve("hs_err_pid" + ended.pid() + ".log"))
                .filter(Files::exists);
    }

    private synchronized @Nullable Process closeForGood() {
        closed = true;
        return process;
    }

    /** The last lines of the log, for an error message. */
    public final String lastWords() {
        String indent = System.lineSeparator() + "    ";
        List<String> lines = logTail(0).lines().toList();
        return "The end of " + log() + ":" + indent
                + String.join(indent, lines.subList(Math.max(0, lines.size() - LAST_WORDS_LINES), lines.size()));
    }

    /** The output of the process since this start, at most 8 kB. */
    protected final String printedSinceStart() {
        return logTail(logSizeAtStart);
    }

    private String logTail(long from) {
        try (SeekableByteChannel channel = Files.newByteChannel(log())) {
            channel.position(Math.max(from, channel.size() - LAST_WORDS_BYTES));
            return new String(Channels.newInputStream(channel).readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            return "";
        }
    }

    /** Whether a GET of the address is answered with status 200 within two seconds. */
    protected static boolean ok(URI address) {
        try {
            HttpURLConnection request = (HttpURLConnection) address.toURL().openConnection();
            request.setConnectTimeout(1_000);
            request.setReadTimeout(2_000);
            return request.getResponseCode() == HttpURLConnection.HTTP_OK;
        } catch (IOException e) {
            return false;
        }
    }

    /** Waits until the condition is true; returns whether that was within the limit. */
    public static boolean await(Duration limit, Duration interval, BooleanSupplier condition) {
        Instant deadline = Instant.now().plus(limit);
        while (!condition.getAsBoolean()) {
            if (Instant.now().isAfter(deadline)) {
                return false;
            }
            pause(interval);
        }
        return true;
    }

    static void pause(Duration duration) {
        try {
            Thread.sleep(duration);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new StackException("Interrupted while waiting", e);
        }
    }
}
