package dev.afterimage.projection.eventlog;

import com.fasterxml.jackson.databind.JsonNode;
import dev.afterimage.projection.change.Envelope;
import dev.afterimage.projection.sql.RoundTrip;
import dev.afterimage.projection.sql.Sql.Column;
import dev.afterimage.projection.sql.Sql.Values;
import jakarta.enterprise.context.ApplicationScoped;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.postgresql.PGConnection;
import org.postgresql.util.PSQLException;
import org.postgresql.util.PSQLState;
import org.postgresql.util.ServerErrorMessage;

/** The table {@code cdc_raw.cdc_events}, with one row per record and one partition per day. */
@ApplicationScoped
public class EventLog {

    private static final List<Column<LoggedRecord>> COLUMNS = List.of(
            new Column<>("source_table", "text", record -> record.change().table()),
            new Column<>("operation", "text", record -> record.change().operation()),
            new Column<>("event_key", "jsonb", record -> record.change().key()),
            new Column<>("before_data", "jsonb", image(Envelope.Raw::before)),
            new Column<>("after_data", "jsonb", image(Envelope.Raw::after)),
            new Column<>("source_metadata", "jsonb", image(Envelope.Raw::source)),
            new Column<>("kafka_topic", "text", LoggedRecord::topic),
            new Column<>("kafka_partition", "int4", LoggedRecord::partition),
            new Column<>("kafka_offset", "int8", LoggedRecord::offset),
            new Column<>("kafka_timestamp", "timestamptz", LoggedRecord::timestamp),
            new Column<>("event_timestamp", "timestamptz", EventLog::time),
            new Column<>("effect", "text", record -> record.effect().label()));

    private static final String NAMES = COLUMNS.stream().map(Column::name).collect(Collectors.joining(", "));

    private static final String INSERT = "insert into cdc_raw.cdc_events (%s) select * from unnest(%s)"
            .formatted(
                    NAMES,
                    COLUMNS.stream().map(column -> "?::" + column.type() + "[]").collect(Collectors.joining(", ")));

    private static final String COPY = "copy cdc_raw.cdc_events (%s) from stdin (format binary)".formatted(NAMES);
    /** From this number of records on, the speed of COPY is worth its own round trips. */
    private static final int COPIED_RECORDS = 50;

    private static final String COUNT = """
            insert into cdc_raw.statistics as s
                   (kafka_topic, kafka_partition, source_table, operation,
                    events, first_event, last_event, last_processed)
            select c.*, clock_timestamp()
              from unnest(?::text[], ?::int[], ?::text[], ?::text[], ?::bigint[], ?::timestamptz[], ?::timestamptz[]) as c
             order by 1, 2, 3, 4
                on conflict (kafka_topic, kafka_partition, source_table, operation) do update
               set events = s.events + excluded.events,
                   first_event = least(s.first_event, excluded.first_event),
                   last_event = greatest(s.last_event, excluded.last_event),
                   last_processed = excluded.last_processed
            """;

    private static final int BUFFER_BYTES = 64 * 1024;
    /** The SQLSTATE of a broken connection. */
    private static final String CONNECTION_FAILURE = "08006";

    private static final String MISSING = """
            select r.place
              from unnest(?::text[], ?::int[], ?::bigint[], ?::timestamptz[]) with ordinality
                as r(topic, partition, record_offset, record_timestamp, place)
             where not exists (select from cdc_raw.cdc_events e
                                where e.kafka_topic = r.topic and e.kafka_partition = r.partition
                                  and e.kafka_offset = r.record_offset and e.kafka_timestamp = r.record_timestamp)
             order by r.place
            """;

    private static final List<Column<LoggedRecord>> PLACE = List.of(
            new Column<>("topic", "text", LoggedRecord::topic),
            new Column<>("partition", "int4", LoggedRecord::partition),
            new Column<>("record_offset", "int8", LoggedRecord::offset),
            new Column<>("record_timestamp", "timestamptz", LoggedRecord::timestamp));

    private final Set<LocalDate> days = ConcurrentHashMap.newKeySet();

    /**
     * Adds the records, in the caller's transaction: a few of them when the round trip runs, many of them at once.
     */
    public void append(Connection connection, RoundTrip writes, List<LoggedRecord> records) throws SQLException {
        if (records.isEmpty()) {
            return;
        }
        Set<LocalDate> unknown = records.stream()
                .map(record -> LocalDate.ofInstant(record.timestamp(), ZoneOffset.UTC))
                .collect(Collectors.toCollection(TreeSet::new));
        unknown.removeAll(days);
        for (LocalDate day : unknown) {
            open(connection, day);
        }
        if (records.size() < COPIED_RECORDS) {
            writes.add(INSERT, Values.of(records, COLUMNS));
        } else {
            copy(connection, records);
        }
        count(writes, records);
    }

    private static void copy(Connection connection, List<LoggedRecord> records) throws SQLException {
        try {
            connection
                    .unwrap(PGConnection.class)
                    .getCopyAPI()
                    .copyIn(COPY, new ByteArrayInputStream(CopyRows.of(records, COLUMNS)), BUFFER_BYTES);
        } catch (IOException e) {
            throw new SQLException("the events cannot be sent to the log", CONNECTION_FAILURE, e);
        }
    }

    private static Function<LoggedRecord, @Nullable Object> image(Function<Envelope.Raw, @Nullable JsonNode> part) {
        return record -> {
            Envelope.Raw raw = record.change().raw();
            return raw == null ? null : part.apply(raw);
        };
    }

    private record Kind(String topic, int partition, String table, String operation) {}

    private record Count(Kind kind, long events, Instant first, Instant last) {

        Count plus(Count other) {
            return new Count(
                    kind,
                    events + other.events,
                    first.isBefore(other.first) ? first : other.first,
                    last.isAfter(other.last) ? last : other.last);
        }
    }

    private static final List<Column<Count>> COUNT_COLUMNS = List.of(
            new Column<>("kafka_topic", "text", count -> count.kind().topic()),
            new Column<>("kafka_partition", "int4", count -> count.kind().partition()),
            new Column<>("source_table", "text", count -> count.kind().table()),
            new Column<>("operation", "text", count -> count.kind().operation()),
            new Column<>("events", "int8", Count::events),
            new Column<>("first_event", "timestamptz", Count::first),
            new Column<>("last_event", "timestamptz", Count::last));

    private static void count(RoundTrip writes, List<LoggedRecord> records) {
        Map<Kind, Count> counts = new HashMap<>();
        for (LoggedRecord record : records) {
            var kind = new Kind(
                    record.topic(),
                    record.partition(),
                    record.change().table(),
                    record.change().operation());
            counts.merge(kind, new Count(kind, 1, time(record), time(record)), Count::plus);
        }
        writes.add(COUNT, Values.of(counts.values(), COUNT_COLUMNS));
    }

    private static Instant time(LoggedRecord record) {
        Instant committedAt = record.change().committedAt();
        return committedAt == null ? record.timestamp() : committedAt;
    }

    /**
     * Adds only the records that are missing in the log, in the caller's transaction. It does not rely on the
     * remembered days. Slower than {@link #append}; used when {@code append} fails with {@link #hasNoPlace}.
     */
    public void appendMissing(Connection connection, RoundTrip writes, List<LoggedRecord> records) throws SQLException {
        if (records.isEmpty()) {
            return;
        }
        days.clear();
        List<LoggedRecord> missing = new ArrayList<>();
        var reads = new RoundTrip();
        reads.add(MISSING, Values.of(records, PLACE), row -> {
            while (row.next()) {
                missing.add(records.get(row.getInt(1) - 1));
            }
        });
        reads.run(connection);
        append(connection, writes, missing);
    }

    /**
     * Whether the log refused a row for a reason other than its data: the row exists already, or the partition of its
     * day was dropped.
     */
    public static boolean hasNoPlace(SQLException e) {
        ServerErrorMessage message = e instanceof PSQLException refusal ? refusal.getServerErrorMessage() : null;
        String table = message == null ? null : message.getTable();
        return table != null
                && table.startsWith("cdc_events")
                && (PSQLState.UNIQUE_VIOLATION.getState().equals(e.getSQLState())
                        // PostgreSQL has no separate SQLSTATE for a row that fits no partition
                        || (PSQLState.CHECK_VIOLATION.getState().equals(e.getSQLState())
                                && Objects.requireNonNull(message).getConstraint() == null));
    }

    /**
     * Creates the partition of the day if it is missing. Remembers a day that existed before this transaction and that
     * retention does not drop soon.
     */
    private void open(Connection connection, LocalDate day) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement("select cdc_raw.open_day(?)")) {
            statement.setObject(1, day);
            try (ResultSet row = statement.executeQuery()) {
                row.next();
                if (row.getBoolean(1)
                        && !day.isBefore(LocalDate.now(ZoneOffset.UTC).minusDays(1))) {
                    days.add(day);
                }
            }
        }
    }
}
