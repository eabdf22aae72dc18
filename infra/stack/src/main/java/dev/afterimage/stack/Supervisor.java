package dev.afterimage.stack;

import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Consumer;

/**
 * Restarts servers that die, as Kubernetes would: at once, and with growing pauses while a server keeps dying. A server that was
 * ready is always started again. The supervisor gives up when five starts in a row fail although all other servers answer. It
 * restarts failed connectors too.
 */
public final class Supervisor implements AutoCloseable {

    private static final int STARTS_TO_GIVE_UP = 5;
    /** A server that was ready for longer than this is restarted at once. */
    private static final Duration HEALTHY_LIFE = Duration.ofSeconds(10);

    private static final Duration CONNECTOR_CHECK = Duration.ofSeconds(1);
    private static final Duration MAX_BACKOFF = Duration.ofSeconds(30);
    /** Short, because the cause of the failure, such as a database that restarts, may have gone. */
    private static final Duration MAX_CONNECTOR_BACKOFF = Duration.ofSeconds(4);
    /** How often a connector that keeps failing for the same reason is reported. */
    private static final Duration REPORT_INTERVAL = Duration.ofSeconds(30);

    private final Consumer<String> tell;
    private final Consumer<String> giveUp;
    private final Consumer<Duration> pause;
    private final List<Server> watched = new CopyOnWriteArrayList<>();
    private volatile boolean closed;

    /**
     * Creates a supervisor that watches nothing yet.
     *
     * @param tell receives each line for the user
     * @param giveUp receives the reason, of several lines, when a server keeps dying
     */
    public Supervisor(Consumer<String> tell, Consumer<String> giveUp) {
        this(tell, giveUp, Server::pause);
    }

    /** For tests: with another way to wait before a restart. */
    Supervisor(Consumer<String> tell, Consumer<String> giveUp, Consumer<Duration> pause) {
        this.tell = tell;
        this.giveUp = giveUp;
        this.pause = pause;
    }

    /** Restarts the server whenever it ends without {@link Server#close()}. */
    public void watch(Server server) {
        watched.add(server);
        Thread.ofPlatform().daemon().name("watch-" + server.name()).start(() -> {
            try {
                keepAlive(server);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            } catch (RuntimeException | Error e) {
                giveUp.accept(server.name() + " cannot be watched: " + e);
            }
        });
    }

    private void keepAlive(Server server) throws InterruptedException {
        int deaths = 0;
        while (true) {
            Instant ready = Instant.now();
            String what = server.name() + " died (status " + server.awaitExit() + ")";
            // a Ctrl-C that reaches the child before this process must not look like a crash
            Server.pause(Duration.ofMillis(50));
            if (Duration.between(ready, Instant.now()).compareTo(HEALTHY_LIFE) > 0) {
                deaths = 0;
            }
            Optional<StackException> failure = Optional.of(new StackException(what));
            for (int starts = 0; failure.isPresent(); ) {
                if (closed || server.closed()) {
                    return;
                }
                what = String.valueOf(failure.get().getMessage());
                if (starts == STARTS_TO_GIVE_UP) {
                    giveUp.accept(server.name() + " keeps dying. " + what);
                    return;
                }
                failure = restart(server, deaths++, what);
                if (failure.isPresent() && othersAnswer(server)) {
                    starts++;
                }
            }
        }
    }

    /** A server that does not answer may be the cause of the failed start: without Kafka, Connect does not start. */
    private boolean othersAnswer(Server server) {
        return watched.stream().allMatch(each -> each == server || each.answers());
    }

    private Optional<StackException> restart(Server server, int deathsBefore, String what) {
        Duration backoff = deathsBefore == 0 ? Duration.ZERO : pauseAfter(deathsBefore);
        Instant began = Instant.now();
        tell.accept(what + "; restarting it" + (backoff.isZero() ? "" : " in " + backoff.toSeconds() + " s"));
        pause.accept(backoff);
        try {
            server.start();
            double seconds = Duration.between(began, Instant.now()).toMillis() / 1000.0;
            tell.accept("%s is back after %.1f s".formatted(server.name(), seconds));
            return Optional.empty();
        } catch (StackException e) {
            return Optional.of(e);
        }
    }

    /** 1, 2, 4, 8, 16 and then always 30 seconds. */
    private static Duration pauseAfter(int deaths) {
        return deaths > 5 ? MAX_BACKOFF : Duration.ofSeconds(1L << (deaths - 1));
    }

    /** Restarts the connector or its tasks whenever they fail, with growing pauses while they keep failing. */
    public void watch(Connectors connectors, String connector) {
        Thread.ofPlatform().daemon().name("watch-" + connector).start(() -> keepRunning(connectors, connector));
    }

    private void keepRunning(Connectors connectors, String connector) {
        Duration backoff = CONNECTOR_CHECK;
        String reported = "";
        Instant reportDue = Instant.MIN;
        while (!closed) {
            Server.pause(backoff);
            try {
                Optional<ConnectorStatus> status = connectors.status(connector);
                if (status.isPresent() && status.get().failed()) {
                    String reason = status.get().failure().orElse("");
                    if (!reason.equals(reported) || Instant.now().isAfter(reportDue)) {
                        tell.accept("connector " + connector + " failed; restarting it: " + reason);
                        reported = reason;
                        reportDue = Instant.now().plus(REPORT_INTERVAL);
                    }
                    connectors.restartFailed(connector);
                    Duration longer = backoff.multipliedBy(2);
                    backoff = longer.compareTo(MAX_CONNECTOR_BACKOFF) < 0 ? longer : MAX_CONNECTOR_BACKOFF;
                } else {
                    backoff = CONNECTOR_CHECK;
                }
            } catch (RuntimeException e) {
                // the worker has died or rebalances; the watch of the worker reports that
            }
        }
    }

    /** Stops watching: servers and connectors are not restarted any more. */
    @Override
    public void close() {
        closed = true;
    }
}
