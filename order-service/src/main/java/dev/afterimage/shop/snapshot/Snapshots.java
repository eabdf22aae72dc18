package dev.afterimage.shop.snapshot;

import dev.afterimage.shop.Reason;
import dev.afterimage.shop.Refusal;
import dev.afterimage.shop.snapshot.SnapshotProgress.Status;
import io.quarkus.hibernate.orm.panache.PanacheRepositoryBase;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.persistence.LockModeType;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.function.Supplier;
import org.hibernate.JDBCException;
import org.hibernate.Session;
import org.hibernate.Timeouts;
import org.hibernate.exception.ConstraintViolationException;
import org.hibernate.jpa.SpecHints;

/** All snapshots, including the finished ones. */
@ApplicationScoped
class Snapshots implements PanacheRepositoryBase<Snapshot, UUID> {

    /** Less than the timeout of a transaction. */
    private static final Duration LONGEST_READ = Duration.ofSeconds(45);

    /** @throws Refusal when a snapshot of the same aggregate is running */
    void add(Snapshot snapshot) {
        try {
            persistAndFlush(snapshot);
        } catch (ConstraintViolationException e) {
            if ("snapshots_running_key".equals(e.getConstraintName())) {
                throw new Refusal(
                        Reason.SNAPSHOT_RUNNING,
                        "Wait until the running snapshot of %ss has ended.".formatted(snapshot.aggregate()),
                        Map.of("aggregate", snapshot.aggregate()));
            }
            throw e;
        }
    }

    /**
     * Runs a query that may take longer than the statement timeout of a request, such as the count of all rows of a
     * table.
     *
     * @throws JDBCException when the query takes longer than {@link #LONGEST_READ}
     */
    <T> T readPatiently(Supplier<T> read) {
        return getEntityManager().unwrap(Session.class).doReturningWork(connection -> {
            try (var statement = connection.createStatement()) {
                // holds until the transaction ends; this statement still has the usual read timeout and detects an
                // unavailable database
                statement.execute("set local statement_timeout = " + LONGEST_READ.toMillis());
            }
            int readTimeout = connection.getNetworkTimeout();
            connection.setNetworkTimeout(
                    Runnable::run, (int) LONGEST_READ.plusSeconds(2).toMillis());
            try {
                return read.get();
            } finally {
                connection.setNetworkTimeout(Runnable::run, readTimeout);
            }
        });
    }

    List<UUID> running() {
        return list("status = ?1 order by id", Status.RUNNING).stream()
                .map(Snapshot::id)
                .toList();
    }

    /**
     * Locks and returns the snapshot if it is running and no other transaction, such as another instance's, works on
     * it. The lock lasts until the transaction ends.
     */
    Optional<Snapshot> claim(UUID id) {
        return find("id = ?1 and status = ?2", id, Status.RUNNING)
                .withLock(LockModeType.PESSIMISTIC_WRITE)
                .withHint(SpecHints.HINT_SPEC_LOCK_TIMEOUT, Timeouts.SKIP_LOCKED_MILLI)
                .singleResultOptional();
    }
}
