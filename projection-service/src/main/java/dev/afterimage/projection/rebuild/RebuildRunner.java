package dev.afterimage.projection.rebuild;

import dev.afterimage.projection.change.Change;
import dev.afterimage.projection.change.EnvelopeReader;
import dev.afterimage.projection.change.MalformedRecord;
import dev.afterimage.projection.rebuild.History.Past;
import dev.afterimage.projection.rebuild.Rebuilds.Running;
import dev.afterimage.projection.rebuild.ShadowModel.Position;
import dev.afterimage.projection.sql.Sql;
import dev.afterimage.projection.view.ReadModel;
import io.quarkus.arc.All;
import io.quarkus.logging.Log;
import io.quarkus.runtime.ShutdownEvent;
import io.quarkus.scheduler.Scheduled;
import io.quarkus.scheduler.Scheduled.ConcurrentExecution;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.event.Observes;
import java.io.IOException;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import javax.sql.DataSource;
import org.eclipse.microprofile.config.inject.ConfigProperty;
import org.jspecify.annotations.Nullable;

/**
 * Runs a requested rebuild, in the instance that locks it first. Each chunk of events is one transaction that also
 * moves the rebuild's positions. After a crash the rebuild resumes.
 */
@ApplicationScoped
class RebuildRunner {

    /** The key of the advisory lock: any number, the same in all instances. */
    static final long LOCK = 0x5ebd1d;

    private static final String PROBLEM = "rebuilds can neither be looked up nor continued, retrying every second: %s";

    private final DataSource dataSource;
    private final EnvelopeReader reader;
    private final List<ReadModel<?>> models;
    private final List<History> histories;
    private final int workers;
    private volatile boolean stopping;
    private @Nullable String lastTrouble;

    RebuildRunner(
            DataSource dataSource,
            EnvelopeReader reader,
            @All List<ReadModel<?>> models,
            @All List<History> histories,
            @ConfigProperty(name = "rebuild.workers", defaultValue = "2") int workers) {
        this.dataSource = dataSource;
        this.reader = reader;
        this.models = models;
        this.histories = histories;
        this.workers = workers;
    }

    /** The rebuild is not possible; another attempt would not help. */
    private static final class Impossible extends Exception {

        Impossible(String message) {
            super(message, null, false, false);
        }
    }

    void stop(@Observes ShutdownEvent event) {
        stopping = true;
    }

    @Scheduled(every = "1s", concurrentExecution = ConcurrentExecution.SKIP)
    void look() {
        try (Connection connection = dataSource.getConnection()) {
            Optional<Running> running = Rebuilds.running(connection);
            if (running.isPresent() || ShadowModel.isLeft(connection)) {
                Sql.alone(connection, LOCK, () -> {
                    if (running.isPresent()) {
                        run(connection, running.get());
                    } else if (Rebuilds.running(connection).isEmpty()) {
                        ShadowModel.drop(connection);
                        ShadowModel.dropReplaced(connection);
                    }
                });
            }
            lastTrouble = null;
        } catch (SQLException | IOException e) {
            String trouble = String.valueOf(e.getMessage());
            if (!stopping && !trouble.equals(lastTrouble)) {
                Log.warnf(PROBLEM, trouble);
            }
            lastTrouble = trouble;
        }
    }

    private void run(Connection connection, Running rebuild) throws SQLException, IOException {
        try {
            History history = histories.stream()
                    .filter(each -> each.name().equals(rebuild.source()))
                    .findFirst()
                    .orElseThrow(() -> new Impossible("there is no source " + rebuild.source()));
            connection.setAutoCommit(false);
            ShadowModel.prepare(connection, rebuild.id());
            connection.commit();
            Log.infof("rebuild started rebuildId=%s source=%s", rebuild.id(), rebuild.source());
            catchUp(history, rebuild);
            complete(connection, rebuild);
            catchUp(history, rebuild);
            if (!stopping) {
                swap(connection, history, rebuild);
            }
        } catch (SQLException e) {
            connection.rollback();
            if (runs(connection, rebuild)) {
                throw e;
            }
        } catch (Impossible | RuntimeException e) {
            Log.errorf(e, "rebuild failed rebuildId=%s", rebuild.id());
            connection.rollback();
            ShadowModel.drop(connection);
            Rebuilds.end(
                    connection,
                    rebuild.id(),
                    Rebuild.Status.FAILED,
                    0,
                    e instanceof Impossible ? e.getMessage() : "the service failed; its log tells more");
            connection.commit();
        } finally {
            connection.rollback();
            connection.setAutoCommit(true);
        }
    }

    /** Applies each partition up to the position of the live model, several partitions at the same time. */
    private void catchUp(History history, Running rebuild) throws SQLException, IOException, Impossible {
        List<Position> positions;
        try (Connection connection = dataSource.getConnection()) {
            positions = ShadowModel.positions(connection, rebuild.id());
        }
        try (ExecutorService pool = Executors.newFixedThreadPool(
                workers, Thread.ofPlatform().name("rebuild-", 1).factory())) {
            List<Future<?>> running = new ArrayList<>();
            for (Position position : positions) {
                running.add(pool.submit(() -> {
                    catchUp(history, rebuild, position);
                    return null;
                }));
            }
            for (Future<?> each : running) {
                each.get();
            }
        } catch (ExecutionException e) {
            switch (Objects.requireNonNull(e.getCause())) {
                case SQLException cause -> throw cause;
                case IOException cause -> throw cause;
                case Impossible cause -> throw cause;
                default -> throw new IllegalStateException(e.getCause());
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted", e);
        }
    }

    private void catchUp(History history, Running rebuild, Position position)
            throws SQLException, IOException, Impossible {
        if (position.live() == 0 && !position.replaced()) {
            return;
        }
        Optional<History.Extent> extent = history.extent(position.topic(), position.partition());
        checkComplete(rebuild, position, extent);
        long first = extent.map(History.Extent::first).orElse(position.live());
        long from = position.rebuilt() == null ? first : position.rebuilt();
        try (Connection connection = dataSource.getConnection();
                History.Reader past = history.open(position.topic(), position.partition(), from)) {
            connection.setAutoCommit(false);
            for (List<Past> chunk = past.next(position.live());
                    !chunk.isEmpty() && !stopping && runs(connection, rebuild);
                    chunk = past.next(position.live())) {
                apply(connection, rebuild, position, first, chunk);
            }
            if (!stopping) {
                ShadowModel.move(connection, rebuild.id(), position, first, position.live(), 0);
                connection.commit();
            }
        }
    }

    private static void checkComplete(Running rebuild, Position position, Optional<History.Extent> extent)
            throws Impossible {
        String partition = position.topic() + "/" + position.partition();
        String lack = null;
        if (extent.isEmpty()) {
            lack = " does not exist any more.";
        } else if (position.replaced()) {
            lack = " was created again, and lacks its earlier events.";
        } else if (extent.get().first() > 0 && position.rebuilt() == null) {
            lack = " is complete from offset %d on only.".formatted(extent.get().first());
        }
        if (lack != null && !rebuild.incomplete()) {
            throw new Impossible(
                    partition + lack + " Have the order-service publish its state once more (POST /snapshots),"
                            + " then ask for a rebuild with \"incomplete\": true");
        }
        if (extent.isPresent() && extent.get().end() < position.live()) {
            throw new Impossible("%s ends at offset %d, and its events are applied up to offset %d. GET /gaps shows why"
                    .formatted(partition, extent.get().end(), position.live()));
        }
        if (extent.isPresent() && position.rebuilt() != null && extent.get().first() > position.rebuilt()) {
            throw new Impossible(partition + " lost events while the rebuild read them. Start the rebuild again");
        }
    }

    /**
     * Creates the indexes, each in a transaction of its own. An index may take longer than any time-out; a connection
     * whose server has gone is noticed by TCP keep-alive.
     */
    private void complete(Connection connection, Running rebuild) throws SQLException {
        int timeout = connection.getNetworkTimeout();
        connection.setNetworkTimeout(Runnable::run, 0);
        try {
            for (String completion : ShadowModel.completions(connection)) {
                if (stopping || !runs(connection, rebuild)) {
                    return;
                }
                Sql.run(connection, "set local statement_timeout = 0");
                Sql.run(connection, completion);
                connection.commit();
            }
        } finally {
            if (!connection.isClosed()) {
                connection.setNetworkTimeout(Runnable::run, timeout);
            }
        }
    }

    /** Whether the rebuild was not cancelled, and no other instance has ended it. */
    private static boolean runs(Connection connection, Running rebuild) throws SQLException {
        return Rebuilds.running(connection).map(Running::id).equals(Optional.of(rebuild.id()));
    }

    /**
     * Applies a chunk without the records that the database refuses: the feed has already turned these into dead
     * letters.
     */
    private void apply(Connection connection, Running rebuild, Position position, long first, List<Past> chunk)
            throws SQLException {
        try {
            ShadowModel.apply(connection, models, changes(position.topic(), chunk));
            ShadowModel.move(
                    connection, rebuild.id(), position, first, chunk.getLast().offset() + 1, chunk.size());
            connection.commit();
        } catch (SQLException e) {
            connection.rollback();
            if (!Sql.refusesData(e)) {
                throw e;
            }
            if (chunk.size() > 1) {
                apply(connection, rebuild, position, first, chunk.subList(0, chunk.size() / 2));
                apply(connection, rebuild, position, first, chunk.subList(chunk.size() / 2, chunk.size()));
            }
        }
    }

    private List<Change> changes(String topic, List<Past> chunk) {
        List<Change> changes = new ArrayList<>(chunk.size());
        for (Past past : chunk) {
            try {
                changes.add(reader.read(topic, past.key(), past.value()));
            } catch (MalformedRecord e) {
                Log.debugf("event left out offset=%d reason=%s", past.offset(), e.reason());
            }
        }
        return changes;
    }

    /**
     * Applies the remaining events and replaces the live model, while a lock keeps all instances from applying events.
     */
    private void swap(Connection connection, History history, Running rebuild) throws SQLException, IOException {
        // before the lock, because it waits for queries that still read the model that the last swap replaced
        ShadowModel.dropReplaced(connection);
        connection.commit();
        // while this waits, no batch begins
        Sql.run(connection, "set local lock_timeout = '1s'");
        Sql.run(connection, "lock table cdc_raw.positions in exclusive mode");
        if (!runs(connection, rebuild)) {
            return; // also when another instance took the lock after this connection broke
        }
        for (Position position : ShadowModel.positions(connection, rebuild.id())) {
            long from = position.rebuilt() == null ? 0 : position.rebuilt();
            try (History.Reader past = history.open(position.topic(), position.partition(), from)) {
                for (List<Past> rest = past.next(position.live()); !rest.isEmpty(); rest = past.next(position.live())) {
                    ShadowModel.apply(connection, models, changes(position.topic(), rest));
                    ShadowModel.move(
                            connection,
                            rebuild.id(),
                            position,
                            from,
                            rest.getLast().offset() + 1,
                            rest.size());
                }
            }
        }
        long events = ShadowModel.progress(connection, rebuild.id()).events();
        // the row's lock makes a cancel wait until the swap is committed
        if (!Rebuilds.end(connection, rebuild.id(), Rebuild.Status.DONE, events, null)) {
            return;
        }
        ShadowModel.swap(connection);
        connection.commit();
        Log.infof("read model swapped rebuildId=%s events=%d", rebuild.id(), events);
        // a separate transaction, because it waits for queries that still read the old model
        ShadowModel.dropReplaced(connection);
        connection.commit();
    }
}
