package dev.afterimage.projection.feed;

import dev.afterimage.projection.change.Change;
import dev.afterimage.projection.eventlog.EventLog;
import dev.afterimage.projection.eventlog.LoggedRecord;
import dev.afterimage.projection.view.Applied;
import dev.afterimage.projection.view.ReadModel;
import io.quarkus.arc.All;
import io.quarkus.logging.Log;
import jakarta.enterprise.context.ApplicationScoped;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import javax.sql.DataSource;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.TopicPartition;

/** Applies a batch in one transaction: rows, dead letters and position, or nothing. */
@ApplicationScoped
class BatchApplier {

    private final DataSource dataSource;
    private final Positions positions;
    private final EventLog eventLog;
    private final List<ReadModel<?>> models;
    private final DeadLetters deadLetters;

    BatchApplier(
            DataSource dataSource,
            Positions positions,
            EventLog eventLog,
            @All List<ReadModel<?>> models,
            DeadLetters deadLetters) {
        this.dataSource = dataSource;
        this.positions = positions;
        this.eventLog = eventLog;
        this.models = models;
        this.deadLetters = deadLetters;
    }

    /**
     * Applies the records. Where the database refuses the data, the batch is halved until the one record stands alone
     * that it refuses; only that one is set aside.
     *
     * @param batch in the order of each partition
     * @param applied up to which offset each partition of the batch was applied before
     * @param committed is told what became of the records after each commit
     * @throws SQLException when the database does not answer; what was not committed can be tried again
     * @throws PositionLost when the database stands before {@code applied}
     */
    void apply(List<Incoming> batch, Map<TopicPartition, Long> applied, Consumer<List<Outcome>> committed)
            throws SQLException, PositionLost {
        try {
            committed.accept(inOneTransaction(batch, applied));
        } catch (SQLException e) {
            if (!refusesData(e)) {
                throw e;
            }
            if (batch.size() == 1) {
                Log.debugf(
                        e,
                        "The database refuses offset %d",
                        batch.getFirst().record().offset());
                apply(List.of(refused(batch.getFirst(), e)), applied, committed);
            } else {
                int half = batch.size() / 2;
                apply(batch.subList(0, half), applied, committed);
                apply(batch.subList(half, batch.size()), applied, committed);
            }
        }
    }

    private List<Outcome> inOneTransaction(List<Incoming> batch, Map<TopicPartition, Long> applied)
            throws SQLException, PositionLost {
        Set<TopicPartition> partitions = batch.stream().map(Incoming::partition).collect(Collectors.toSet());
        try (Connection connection = dataSource.getConnection()) {
            connection.setAutoCommit(false);
            try {
                Map<TopicPartition, Long> next = positions.lock(connection, partitions);
                for (TopicPartition partition : partitions) {
                    long expected = applied.getOrDefault(partition, 0L);
                    Long found = next.get(partition);
                    if (found == null || found < expected) {
                        throw new PositionLost(partition, expected);
                    }
                }
                List<Incoming> news = batch.stream()
                        .filter(incoming -> incoming.record().offset() >= next.getOrDefault(incoming.partition(), 0L))
                        .toList();
                List<Outcome> outcomes = applyAll(connection, news);
                if (!news.isEmpty()) {
                    Map<TopicPartition, Long> moved = new HashMap<>();
                    news.forEach(incoming ->
                            moved.put(incoming.partition(), incoming.record().offset() + 1));
                    positions.put(connection, moved);
                }
                connection.commit();
                return outcomes;
            } catch (Throwable e) {
                rollback(connection, e);
                throw e;
            }
        }
    }

    private List<Outcome> applyAll(Connection connection, List<Incoming> news) throws SQLException {
        Map<String, List<Change>> changes = new HashMap<>();
        List<LoggedRecord> log = new ArrayList<>(news.size());
        List<Incoming.Malformed> malformed = new ArrayList<>();
        for (Incoming incoming : news) {
            switch (incoming) {
                case Incoming.Legible legible -> {
                    Change change = legible.change();
                    changes.computeIfAbsent(change.aggregate(), _ -> new ArrayList<>())
                            .add(change);
                    log.add(logged(legible));
                }
                case Incoming.Malformed letter -> malformed.add(letter);
            }
        }
        eventLog.append(connection, log);
        Map<String, Iterator<Applied>> applied = new HashMap<>();
        for (ReadModel<?> model : models) {
            List<Change> own = changes.getOrDefault(model.aggregate(), List.of());
            applied.put(model.aggregate(), model.apply(connection, own).iterator());
        }
        // While the transaction is open: before it, an outage of the database would send the letter again with each
        // attempt; after it, a crash in between would lose it. It is the rare case, and only this partition waits.
        deadLetters.send(malformed);
        return news.stream()
                .map(incoming -> new Outcome(
                        incoming,
                        incoming instanceof Incoming.Legible legible
                                ? Objects.requireNonNull(
                                                applied.get(legible.change().aggregate()))
                                        .next()
                                : Applied.DEAD_LETTER))
                .toList();
    }

    private static LoggedRecord logged(Incoming.Legible legible) {
        ConsumerRecord<byte[], byte[]> record = legible.record();
        return new LoggedRecord(
                record.topic(),
                record.partition(),
                record.offset(),
                Instant.ofEpochMilli(record.timestamp()),
                legible.change());
    }

    private static void rollback(Connection connection, Throwable cause) {
        try {
            connection.rollback();
        } catch (SQLException e) {
            cause.addSuppressed(e);
        }
    }

    /** Class 22 is a data exception, 23 a broken constraint: trying again would not help. */
    private static boolean refusesData(SQLException e) {
        String state = e.getSQLState();
        return state != null && (state.startsWith("22") || state.startsWith("23"));
    }

    private static Incoming refused(Incoming incoming, SQLException e) throws SQLException {
        if (incoming instanceof Incoming.Malformed) {
            throw e; // it writes no row, so the database cannot refuse its data
        }
        return new Incoming.Malformed(incoming.record(), "the database refuses its data, SQLSTATE " + e.getSQLState());
    }
}
