package dev.afterimage.stack;

import java.io.IOException;
import java.nio.channels.Channels;
import java.nio.channels.SeekableByteChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * One child process that serves a port: started until it answers, stopped in order, killable for tests, and able to
 * start again in the same folder after any kind of death, its own or ours.
 */
public abstract class Server implements AutoCloseable {

    private static final Duration START_LIMIT = Duration.ofMinutes(2);
    /** With the two steps in which a pipeline stops, everything is down within 10 s. */
    private static final Duration STOP_LIMIT = Duration.ofMillis(4500);
    /** The same, where a JVM writes its AOT cache at its end: a minute's work for two cores in all. */
    private static final Duration RECORD_LIMIT = Duration.ofMinutes(3);

    /** The same, where it writes an archive of its classes: a second's work, but on a busy machine six. */
    private static final Duration ARCHIVE_LIMIT = Duration.ofSeconds(30);

    private static final Duration KILL_LIMIT = Duration.ofMillis(500);
    private static final Duration PROBE_INTERVAL = Duration.ofMillis(50);
    private static final Pattern RECORDED = Pattern.compile("([0-9]{1,18}) (\\S+Z)");
    /** Linux counts a process's start from the boot, whose time moves when the clock is set. */
    private static final Duration CLOCK_STEP = Duration.ofSeconds(5);

    private static final int LAST_WORDS_BYTES = 8_000;
    private static final int LAST_WORDS_LINES = 12;
    private static final long LOG_LIMIT_BYTES = 20_000_000;

    private final String name;
    private final Path home;
    private volatile @Nullable Process process;
    private volatile boolean closed;
    private volatile long logSizeAtStart;

    /**
     * @param name as users see it, also the name of the log file
     * @param home the stack's folder
     */
    protected Server(String name, Path home) {
        this.name = name;
        this.home = home;
    }

    /** Makes the data folder fit for a start and returns the command; called before every start. */
    protected abstract List<String> prepare() throws IOException;

    /** Puts into the answering server what its users expect there; called after every start, so it looks first. */
    protected void provision() {}

    /** Variables added to the environment of the process. */
    protected Map<String, String> environment() {
        return Map.of();
    }

    /** The ports the process is going to bind, by what they are for. */
    protected abstract Map<String, Integer> ports();

    /** Whether the process does its work by now; called again and again until it says yes. */
    protected abstract boolean answers();

    /** The signal that asks for an orderly end. */
    protected String stopSignal() {
        return "TERM";
    }

    public final String name() {
        return name;
    }

    /** Folder of all parts' data and logs. */
    protected final Path home() {
        return home;
    }

    /** All that the process printed, this run and earlier ones. */
    public final Path log() {
        return home.resolve("logs").resolve(name + ".log");
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
        } catch (RuntimeException e) {
            endFailedStart();
            throw e;
        } catch (IOException e) {
            endFailedStart();
            throw new StackException(name + " cannot start in " + home + ": " + e.getMessage(), e);
        }
    }

    /** A process that {@link #close()} is ending meanwhile is left to it. */
    private void endFailedStart() {
        Process running = process;
        if (!closed && running != null && running.isAlive()) {
            end(running.toHandle());
        }
    }

    /** Whether the cause of a failed start goes away by itself; asked after the process ended without answering. */
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

    /** Not while {@link #close()} looks for the process to end: none may come after it. */
    private synchronized Process spawn(List<String> command) throws IOException {
        if (closed) {
            throw new StackException(name + " was closed and does not start again");
        }
        ProcessBuilder builder = new ProcessBuilder(Detached.fromTerminal(command))
                .directory(home.toFile())
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.appendTo(log().toFile()));
        logSizeAtStart = Files.exists(log()) ? Files.size(log()) : 0;
        // glibc otherwise keeps an arena a thread, tens of megabytes for a JVM
        builder.environment().put("MALLOC_ARENA_MAX", "2");
        builder.environment().putAll(environment());
        Process started = builder.start();
        started.getOutputStream().close();
        process = started;
        recordPid(started);
        return started;
    }

    /** Runs a helper program to its end, under the same care as the server itself, and returns its exit status. */
    protected final int run(List<String> command) throws IOException {
        try {
            return spawn(command).waitFor();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new StackException("Interrupted while " + name + " was made ready", e);
        }
    }

    /** Ends the process with this JVM, for those who start a server alone; a pipeline has an order of its own. */
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
                    + " stop that one or choose another port.");
        }
    }

    // -- a process that outlived us is found again by its pid and start time; a pid alone may be somebody else's by now

    private Path pidFile() {
        return home.resolve(name + ".pid");
    }

    private void recordPid(Process started) throws IOException {
        Files.writeString(pidFile(), identity(started.toHandle()));
    }

    private static String identity(ProcessHandle handle) {
        return handle.pid() + " "
                + handle.info().startInstant().map(Instant::toString).orElse("?");
    }

    /** Ends the process that an earlier run left behind, if any. */
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
        Duration limit = Jvm.archiving() ? ARCHIVE_LIMIT : STOP_LIMIT;
        if (!ended(handle, Jvm.recording() ? RECORD_LIMIT : limit)) {
            handle.destroyForcibly();
            ended(handle, KILL_LIMIT);
        }
    }

    private static boolean ended(ProcessHandle handle, Duration limit) {
        Instant deadline = Instant.now().plus(limit);
        while (handle.isAlive() && Instant.now().isBefore(deadline)) {
            pause(Duration.ofMillis(20));
        }
        return !handle.isAlive();
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

    /** The operating system's number of the process, as long as it lives. */
    public final @Nullable Long pid() {
        Process running = process;
        return running != null && running.isAlive() ? Long.valueOf(running.pid()) : null;
    }

    /**
     * Waits until the process has ended, asked for or not, and returns its exit status. On the caller's own thread: the
     * JDK's {@code onExit} needs a thread of the common pool, which on two cores has one that others may hold.
     */
    final int awaitExit() throws InterruptedException {
        Process running = process;
        return running == null ? -1 : running.waitFor();
    }

    final boolean closed() {
        return closed;
    }

    /** Kills the process as {@code kill -9} does, for tests of recovery; the supervisor takes it for a crash. */
    public final void kill() {
        Process running = process;
        if (running != null) {
            running.destroyForcibly();
            ended(running.toHandle(), STOP_LIMIT);
        }
    }

    /** Ends the process for good: in order, by force when it has not ended after 4.5 s. The data stays. */
    @Override
    public void close() {
        Process running = closeForGood();
        if (running == null) {
            // the pid file, if any, still leads to what an earlier run left behind
            return;
        }
        if (running.isAlive()) {
            end(running.toHandle());
        }
        try {
            Files.deleteIfExists(pidFile());
        } catch (IOException e) {
            // the next start reads the file, finds no such process and goes on
        }
    }

    private synchronized @Nullable Process closeForGood() {
        closed = true;
        return process;
    }

    /** The last lines of the log, for a message about a failure. */
    public final String lastWords() {
        String indent = System.lineSeparator() + "    ";
        List<String> lines = logTail(0).lines().toList();
        return "The end of " + log() + ":" + indent
                + String.join(indent, lines.subList(Math.max(0, lines.size() - LAST_WORDS_LINES), lines.size()));
    }

    /** What the process has printed since this start, as far as it fits 8 kB. */
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

    static void pause(Duration duration) {
        try {
            Thread.sleep(duration);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new StackException("Interrupted while waiting", e);
        }
    }
}
