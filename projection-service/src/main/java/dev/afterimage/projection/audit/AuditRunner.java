package dev.afterimage.projection.audit;

import dev.afterimage.projection.audit.Report.Comparison;
import dev.afterimage.projection.audit.Report.Verdict;
import dev.afterimage.projection.sql.DatabaseAway;
import dev.afterimage.projection.sql.Sql;
import io.quarkus.logging.Log;
import io.quarkus.runtime.ShutdownEvent;
import io.quarkus.scheduler.Scheduled;
import io.quarkus.scheduler.Scheduled.ConcurrentExecution;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.event.Observes;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import java.util.concurrent.CancellationException;
import java.util.function.ToLongFunction;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;

/**
 * Runs a requested or a scheduled audit, in the instance that locks it first. After a crash the audit starts again from
 * the beginning; this is safe, because an audit changes nothing.
 */
@ApplicationScoped
class AuditRunner {

    /** The key of the advisory lock: any number, the same in all instances, different from the key of rebuilds. */
    private static final long LOCK = 0xa0d17;

    private static final Duration PAUSE_OF_PROGRESS = Duration.ofSeconds(1);

    private final DataSource dataSource;
    private final Audits audits;
    private final Auditor auditor;
    private final AuditConfig config;
    private final AuditMetrics metrics;
    private volatile boolean stopping;
    private @Nullable String lastTrouble;

    AuditRunner(DataSource dataSource, Audits audits, Auditor auditor, AuditConfig config, AuditMetrics metrics) {
        this.dataSource = dataSource;
        this.audits = audits;
        this.auditor = auditor;
        this.config = config;
        this.metrics = metrics;
    }

    void stop(@Observes ShutdownEvent event) {
        stopping = true;
    }

    @Scheduled(every = "1s", concurrentExecution = ConcurrentExecution.SKIP)
    void look() throws InterruptedException {
        try {
            Optional<Audit> newest = audits.newest();
            if (isDue(newest)) {
                newest = Optional.of(audits.start());
            }
            if (newest.isPresent() && newest.get().status() == Audit.Status.RUNNING) {
                try (Connection connection = dataSource.getConnection()) {
                    Sql.alone(connection, LOCK, () -> {
                        // another instance may have ended the audit before it released the lock
                        Optional<Audit> running = audits.running();
                        if (running.isPresent()) {
                            run(running.get());
                        }
                    });
                }
            }
            metrics.take(audits.lastDone());
            lastTrouble = null;
        } catch (SQLException | DatabaseAway e) {
            String trouble = String.valueOf(e.getMessage());
            if (!stopping && !trouble.equals(lastTrouble)) {
                Log.warnf("audits can neither be looked up nor continued, retrying every second: %s", trouble);
            }
            lastTrouble = trouble;
        } catch (CancellationException e) {
            Log.debug("audit interrupted, resuming after the next start");
        }
    }

    private boolean isDue(Optional<Audit> newest) {
        return config.every()
                .map(every ->
                        newest.isEmpty() || newest.get().startedAt().plus(every).isBefore(Instant.now()))
                .orElse(false);
    }

    private void run(Audit audit) throws InterruptedException {
        long begun = System.nanoTime();
        var told = new Object() {
            long next = begun + PAUSE_OF_PROGRESS.toNanos();
        };
        try {
            Report report = auditor.audit(soFar -> {
                if (stopping) {
                    throw new CancellationException();
                }
                if (System.nanoTime() > told.next) {
                    audits.tell(audit.id(), Audit.Status.RUNNING, soFar, null);
                    told.next = System.nanoTime() + PAUSE_OF_PROGRESS.toNanos();
                }
            });
            audits.tell(audit.id(), Audit.Status.DONE, report, null);
            log(audit, report, Duration.ofNanos(System.nanoTime() - begun));
        } catch (DatabaseAway | CancellationException e) {
            throw e;
        } catch (RuntimeException e) {
            Log.errorf(e, "audit failed auditId=%s", audit.id());
            audits.tell(audit.id(), Audit.Status.FAILED, Report.NOTHING, "the service failed; its log tells more");
        }
    }

    private static void log(Audit audit, Report report, Duration took) {
        String line =
                "audit done verdict=%s auditId=%s rows=%d inFlight=%d different=%d behind=%d unchecked=%d seconds=%.1f"
                        .formatted(
                                report.verdict(),
                                audit.id(),
                                sum(report, Comparison::sourceRows),
                                sum(report, Comparison::inFlight),
                                sum(report, Comparison::different),
                                sum(report, Comparison::behind),
                                sum(report, Comparison::unchecked),
                                took.toMillis() / 1000.0);
        if (report.verdict() == Verdict.EQUAL) {
            Log.info(line);
        } else {
            Log.warnf("%s %s", line, report.sides());
        }
    }

    private static long sum(Report report, ToLongFunction<Comparison> figure) {
        return report.comparisons().stream().mapToLong(figure).sum();
    }
}
