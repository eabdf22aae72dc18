package dev.afterimage.projection.feed;

import dev.afterimage.projection.Reason;
import dev.afterimage.projection.Refusal;
import dev.afterimage.projection.change.Change;
import dev.afterimage.projection.change.Effect;
import dev.afterimage.projection.deadletter.DeadLetterTable;
import dev.afterimage.projection.deadletter.DeadLetterTopics;
import dev.afterimage.projection.deadletter.Fault;
import dev.afterimage.projection.deadletter.Refused;
import dev.afterimage.projection.eventlog.EventLog;
import dev.afterimage.projection.eventlog.LoggedRecord;
import dev.afterimage.projection.sql.Notifications;
import dev.afterimage.projection.sql.RoundTrip;
import dev.afterimage.projection.sql.Sql;
import dev.afterimage.projection.view.ReadModel;
import dev.afterimage.projection.view.Result;
import io.quarkus.arc.All;
import jakarta.enterprise.context.ApplicationScoped;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import javax.sql.DataSource;
import org.apache.kafka.common.TopicPartition;

/** Applies a batch in one transaction: rows, dead letters and position together, or nothing. */
@ApplicationScoped
class BatchApplier {

    private static final String REBUILDING = "select exists (select from cdc_raw.rebuilds where status = 'RUNNING')";

    /** The wait for the disk would be most of the time of a small batch. {@link Positions} says why this is safe. */
    private static final String WITHOUT_FLUSH = "set local synchronous_commit to off";

    /** The number of attempts while each one ends by a deadlock. */
    private static final int MAX_ATTEMPTS = 5;

    private final DataSource dataSource;
    private final Positions positions;
    private final EventLog eventLog;
    private final List<ReadModel<?>> models;
    private final DeadLetterTable deadLetters;
    private final DeadLetterTopics deadLetterTopics;
    private final Notifications notifications;

    BatchApplier(
            DataSource dataSource,
            Positions positions,
            EventLog eventLog,
            @All List<ReadModel<?>> models,
            DeadLetterTable deadLetters,
            DeadLetterTopics deadLetterTopics,
            Notifications notifications) {
        this.dataSource = dataSource;
        this.positions = positions;
        this.eventLog = eventLog;
        this.models = models;
        this.deadLetters = deadLetters;
        this.deadLetterTopics = deadLetterTopics;
        this.notifications = notifications;
    }

    /**
     * Applies the records. If the database rejects the data, splits the batch in half and tries again, until the
     * rejected record is alone. Only that record becomes a dead letter.
     *
     * @param batch the records, in the order of each partition
     * @param nextOffsets the next offset of each partition of the batch
     * @param committed receives the outcomes of the records after each commit
     * @throws SQLException when the database does not answer; what was not committed can be tried again
     * @throws PositionLost when a position in the database is lower than in {@code nextOffsets}
     */
    void apply(List<ReceivedRecord> batch, Map<TopicPartition, Long> nextOffsets, Consumer<List<Outcome>> committed)
            throws SQLException, PositionLost {
        applyHalving(batch, (connection, part, append) -> follow(connection, part, append, nextOffsets), committed);
    }

    /**
     * Applies dead letters again. The same transaction removes the letters that are no longer refused. A letter that
     * was removed meanwhile is skipped.
     *
     * @param letters the letters, read again
     * @param committed receives the outcomes of the letters after each commit
     * @throws SQLException when the database does not answer; what was not committed can be tried again
     */
    void replay(List<ReceivedRecord> letters, Consumer<List<Outcome>> committed) throws SQLException {
        applyHalving(letters, this::replay, committed);
    }

    /** The work on a batch in one transaction. */
    private interface Attempt<X extends Exception> {
        List<Outcome> on(Connection connection, List<ReceivedRecord> batch, Append append) throws SQLException, X;
    }

    /** Appends records to the event log. */
    private interface Append {
        void to(Connection connection, RoundTrip writes, List<LoggedRecord> records) throws SQLException;
    }

    private <X extends Exception> void applyHalving(
            List<ReceivedRecord> batch, Attempt<X> attempt, Consumer<List<Outcome>> committed) throws SQLException, X {
        try {
            committed.accept(despiteCollisions(batch, attempt));
        } catch (SQLException e) {
            if (!refusesData(e)) {
                throw e;
            }
            if (batch.size() == 1) {
                applyHalving(List.of(refused(batch.getFirst(), e)), attempt, committed);
            } else {
                int half = batch.size() / 2;
                applyHalving(batch.subList(0, half), attempt, committed);
                applyHalving(batch.subList(half, batch.size()), attempt, committed);
            }
        }
    }

    /** A transaction that PostgreSQL chose to end a deadlock is tried again at once, so that no request fails by it. */
    private <X extends Exception> List<Outcome> despiteCollisions(List<ReceivedRecord> batch, Attempt<X> attempt)
            throws SQLException, X {
        for (int attempts = 1; ; attempts++) {
            try {
                return inOneTransaction(batch, attempt);
            } catch (SQLException e) {
                if (!Sql.isCollision(e) || attempts == MAX_ATTEMPTS) {
                    throw e;
                }
            }
        }
    }

    private <X extends Exception> List<Outcome> inOneTransaction(List<ReceivedRecord> batch, Attempt<X> attempt)
            throws SQLException, X {
        try {
            return inOneTransaction(batch, attempt, eventLog::append);
        } catch (SQLException e) {
            if (!EventLog.hasNoPlace(e)) {
                throw e;
            }
            return inOneTransaction(batch, attempt, eventLog::appendMissing);
        }
    }

    private <X extends Exception> List<Outcome> inOneTransaction(
            List<ReceivedRecord> batch, Attempt<X> attempt, Append append) throws SQLException, X {
        try (Connection connection = dataSource.getConnection()) {
            connection.setAutoCommit(false);
            try {
                List<Outcome> outcomes = attempt.on(connection, batch, append);
                connection.commit();
                return outcomes;
            } catch (Throwable e) {
                rollback(connection, e);
                throw e;
            }
        }
    }

    private List<Outcome> follow(
            Connection connection, List<ReceivedRecord> batch, Append append, Map<TopicPartition, Long> nextOffsets)
            throws SQLException, PositionLost {
        Set<TopicPartition> partitions = partitions(batch);
        var reads = new RoundTrip();
        if (refused(batch).isEmpty()) {
            reads.add(WITHOUT_FLUSH, List.of());
        }
        Map<TopicPartition, Long> next = positions.lock(reads, partitions);
        var stored = new StoredRows(reads, batch);
        reads.run(connection);
        for (TopicPartition partition : partitions) {
            long expected = nextOffsets.getOrDefault(partition, 0L);
            Long found = next.get(partition);
            if (found == null || found < expected) {
                throw new PositionLost(partition, expected);
            }
        }
        List<ReceivedRecord> news = batch.stream()
                .filter(received -> received.record().offset() >= next.getOrDefault(received.partition(), 0L))
                .toList();
        var writes = new RoundTrip();
        List<Outcome> outcomes = applyAll(connection, writes, news, stored, append);
        // The letters are sent while the transaction is open. Before it, an outage of the database would repeat each
        // letter with each attempt; after it, a crash in between would lose the letters. Dead letters are rare, and
        // only this partition waits.
        deadLetterTopics.send(refused(news));
        if (!news.isEmpty()) {
            Map<TopicPartition, Long> moved = new HashMap<>();
            news.forEach(received ->
                    moved.put(received.partition(), received.record().offset() + 1));
            positions.put(writes, moved);
        }
        if (news.stream().anyMatch(received -> !(received instanceof ReceivedRecord.Row))) {
            notifications.tell(writes, changed(outcomes).toList());
        }
        writes.run(connection);
        return outcomes;
    }

    /**
     * Refused while a rebuild runs: the rebuild may already have passed the letter's offset, and the new model would
     * lack the record.
     */
    private List<Outcome> replay(Connection connection, List<ReceivedRecord> letters, Append append)
            throws SQLException {
        var reads = new RoundTrip();
        var _ = positions.lock(reads, partitions(letters));
        var stored = new StoredRows(reads, letters);
        reads.run(connection);
        if (isRebuilding(connection)) {
            throw new Refusal(
                    Reason.REBUILD_RUNNING, "Replay dead letters when the running rebuild has ended.", Map.of());
        }
        var locked = Set.copyOf(deadLetters.lock(
                connection, letters.stream().map(ReceivedRecord::record).toList()));
        var writes = new RoundTrip();
        List<Outcome> outcomes = applyAll(
                connection,
                writes,
                letters.stream()
                        .filter(letter -> locked.contains(letter.record()))
                        .toList(),
                stored,
                append);
        deadLetters.remove(
                writes,
                outcomes.stream()
                        .filter(outcome -> outcome.effect() != Effect.DEAD_LETTER)
                        .map(outcome -> outcome.received().record())
                        .toList());
        // the live stream has passed the offsets of the letters, so it needs them
        Stream<String> places = outcomes.stream()
                .filter(outcome -> outcome.effect() != Effect.DEAD_LETTER)
                .map(Outcome::place);
        notifications.tell(writes, Stream.concat(changed(outcomes), places).toList());
        writes.run(connection);
        return outcomes;
    }

    /** The ids of the changed aggregates. */
    private static Stream<String> changed(List<Outcome> outcomes) {
        return outcomes.stream()
                .filter(outcome -> outcome.effect() == Effect.APPLIED)
                .map(Outcome::change)
                .filter(Objects::nonNull)
                .map(change -> change.id().toString())
                .distinct();
    }

    private static boolean isRebuilding(Connection connection) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(REBUILDING);
                ResultSet row = statement.executeQuery()) {
            row.next();
            return row.getBoolean(1);
        }
    }

    /** The rows of the read models that a batch concerns. */
    private final class StoredRows {

        private final Map<String, ReadModel<?>.Stored> byAggregate = new HashMap<>();

        StoredRows(RoundTrip reads, List<ReceivedRecord> batch) {
            models.forEach(
                    model -> byAggregate.put(model.aggregate(), model.read(reads, changes(batch, model.aggregate()))));
        }

        Map<String, Iterator<Result>> apply(RoundTrip writes, List<ReceivedRecord> news) {
            Map<String, Iterator<Result>> resultsByAggregate = new HashMap<>();
            byAggregate.forEach((aggregate, stored) -> resultsByAggregate.put(
                    aggregate, stored.apply(writes, changes(news, aggregate)).iterator()));
            return resultsByAggregate;
        }

        private static List<Change> changes(List<ReceivedRecord> batch, String aggregate) {
            return batch.stream()
                    .filter(ReceivedRecord.Event.class::isInstance)
                    .map(received -> ((ReceivedRecord.Event) received).change())
                    .filter(change -> change.aggregate().equals(aggregate))
                    .toList();
        }
    }

    private List<Outcome> applyAll(
            Connection connection, RoundTrip writes, List<ReceivedRecord> news, StoredRows stored, Append append)
            throws SQLException {
        Map<String, Iterator<Result>> resultsByAggregate = stored.apply(writes, news);
        List<Outcome> outcomes = news.stream()
                .map(received -> new Outcome(
                        received,
                        switch (received) {
                            case ReceivedRecord.Event event ->
                                Objects.requireNonNull(resultsByAggregate.get(
                                                event.change().aggregate()))
                                        .next();
                            case ReceivedRecord.Row _ -> Result.LOGGED;
                            case ReceivedRecord.Malformed _ -> Result.DEAD_LETTER;
                        }))
                .toList();
        append.to(
                connection,
                writes,
                outcomes.stream().map(Outcome::logged).flatMap(Optional::stream).toList());
        deadLetters.put(connection, refused(news));
        return outcomes;
    }

    private static Set<TopicPartition> partitions(List<ReceivedRecord> batch) {
        return batch.stream().map(ReceivedRecord::partition).collect(Collectors.toSet());
    }

    private static List<Refused> refused(List<ReceivedRecord> batch) {
        return batch.stream()
                .filter(ReceivedRecord.Malformed.class::isInstance)
                .map(received -> ((ReceivedRecord.Malformed) received).refused())
                .toList();
    }

    private static void rollback(Connection connection, Throwable cause) {
        try {
            connection.rollback();
        } catch (SQLException e) {
            cause.addSuppressed(e);
        }
    }

    private static boolean refusesData(SQLException e) {
        return Sql.refusesData(e) && !EventLog.hasNoPlace(e);
    }

    private static ReceivedRecord refused(ReceivedRecord received, SQLException e) throws SQLException {
        if (received instanceof ReceivedRecord.Malformed) {
            throw e; // it is stored as bytes, so the database cannot refuse its data
        }
        return new ReceivedRecord.Malformed(new Refused(received.record(), Fault.of(e)));
    }
}
