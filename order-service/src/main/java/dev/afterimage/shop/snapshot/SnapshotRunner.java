package dev.afterimage.shop.snapshot;

import io.quarkus.logging.Log;
import io.quarkus.runtime.ShutdownEvent;
import io.quarkus.scheduler.Scheduled;
import io.quarkus.scheduler.Scheduled.ConcurrentExecution;
import io.smallrye.common.annotation.RunOnVirtualThread;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.event.Observes;
import java.sql.SQLException;
import java.util.List;
import java.util.Objects;
import java.util.UUID;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Advances the running snapshots, one batch of each in turn. It reads them from the database, so that any instance can
 * resume a snapshot after a crash.
 */
@ApplicationScoped
class SnapshotRunner {

    private final SnapshotCommands commands;
    private final Snapshots snapshots;
    private final SnapshotConfig config;
    private volatile boolean stopping;
    private volatile String lastTrouble = "";

    SnapshotRunner(SnapshotCommands commands, Snapshots snapshots, SnapshotConfig config) {
        this.commands = commands;
        this.snapshots = snapshots;
        this.config = config;
    }

    @Scheduled(every = "1s", concurrentExecution = ConcurrentExecution.SKIP)
    @RunOnVirtualThread
    void run() throws InterruptedException {
        try {
            for (var running = snapshots.running(); !running.isEmpty() && !stopping; running = advance(running)) {
                Thread.sleep(config.pause());
            }
            lastTrouble = "";
        } catch (RuntimeException e) {
            var trouble = describe(e);
            if (!stopping && !trouble.equals(lastTrouble)) {
                Log.warnf("snapshots can neither be looked up nor continued, retrying every second: %s", trouble);
            }
            Log.debug("snapshots interrupted", e);
            lastTrouble = trouble;
        }
    }

    /** The classes and SQLSTATEs of the failure and its causes, without messages, which may contain customer data. */
    static String describe(Throwable failure) {
        return Stream.iterate(failure, Objects::nonNull, Throwable::getCause)
                .map(cause -> cause instanceof SQLException sql
                        ? "%s sqlState=%s".formatted(sql.getClass().getSimpleName(), sql.getSQLState())
                        : cause.getClass().getSimpleName())
                .collect(Collectors.joining(", caused by "));
    }

    /** Publishes a batch of each snapshot; returns the snapshots that may have more batches. */
    private List<UUID> advance(List<UUID> running) {
        return running.stream().filter(commands::publishBatch).toList();
    }

    void stop(@Observes ShutdownEvent event) {
        stopping = true;
    }
}
