package dev.afterimage.projection.eventlog;

import dev.afterimage.projection.sql.Sql;
import dev.afterimage.projection.sql.Sql.Column;
import jakarta.enterprise.context.ApplicationScoped;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Collectors;
import org.postgresql.util.PSQLException;
import org.postgresql.util.PSQLState;
import org.postgresql.util.ServerErrorMessage;

/** {@code cdc_raw.cdc_events}: a row a record, in a partition a day. */
@ApplicationScoped
public class EventLog {

    // The database takes the value apart: each part is stored as it came, whatever this version of ours knows of it.
    private static final String APPEND = """
            insert into cdc_raw.cdc_events
                   (source_table, operation, event_key, before_data, after_data, source_metadata,
                    kafka_topic, kafka_partition, kafka_offset, kafka_timestamp, event_timestamp)
            select r.source_table, coalesce(e.event ->> 'op', 't'), r.event_key,
                   nullif(e.event -> 'before', 'null'), nullif(e.event -> 'after', 'null'), e.event -> 'source',
                   r.topic, r.partition, r.record_offset, r.record_timestamp,
                   coalesce(to_timestamp((e.event ->> 'ts_ms')::bigint / 1000.0), r.record_timestamp)
              from unnest(?::text[], ?::text[], ?::int[], ?::bigint[], ?::timestamptz[], ?::text[], ?::jsonb[])
                   with ordinality
                as r(source_table, topic, partition, record_offset, record_timestamp, event_key, value, place)
             cross join lateral (select case when r.value ? 'op' then r.value else r.value -> 'payload' end) as e(event)
             order by r.place
            """.replace("r.value ? 'op'", "r.value ?? 'op'");

    private static final List<Column<LoggedRecord>> COLUMNS = List.of(
            new Column<>("source_table", "text", LoggedRecord::table),
            new Column<>("topic", "text", LoggedRecord::topic),
            new Column<>("partition", "int4", LoggedRecord::partition),
            new Column<>("record_offset", "int8", LoggedRecord::offset),
            new Column<>("record_timestamp", "timestamptz", LoggedRecord::timestamp),
            new Column<>("event_key", "text", LoggedRecord::key),
            new Column<>("value", "jsonb", LoggedRecord::value));

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

    /** Adds the records, in the caller's transaction. */
    public void append(Connection connection, List<LoggedRecord> records) throws SQLException {
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
        try (PreparedStatement statement = connection.prepareStatement(APPEND)) {
            Sql.setColumns(statement, 1, records, COLUMNS);
            statement.executeUpdate();
        }
    }

    /**
     * Adds those that are not there yet, whatever is remembered of the days, in the caller's transaction. Slower than
     * {@link #append}, and for when that {@link #hasNoPlace}.
     */
    public void appendMissing(Connection connection, List<LoggedRecord> records) throws SQLException {
        if (records.isEmpty()) {
            return;
        }
        days.clear();
        try (PreparedStatement statement = connection.prepareStatement(MISSING)) {
            Sql.setColumns(statement, 1, records, PLACE);
            List<LoggedRecord> missing = new ArrayList<>();
            try (ResultSet row = statement.executeQuery()) {
                while (row.next()) {
                    missing.add(records.get(row.getInt(1) - 1));
                }
            }
            append(connection, missing);
        }
    }

    /**
     * Whether the log could not take a row for a reason that is not in its data: it is there already, or the partition of its
     * day was dropped.
     */
    public static boolean hasNoPlace(SQLException e) {
        ServerErrorMessage message = e instanceof PSQLException refusal ? refusal.getServerErrorMessage() : null;
        String table = message == null ? null : message.getTable();
        return table != null
                && table.startsWith("cdc_events")
                && (PSQLState.UNIQUE_VIOLATION.getState().equals(e.getSQLState())
                        // PostgreSQL has no SQLSTATE of its own for a row that fits no partition
                        || (PSQLState.CHECK_VIOLATION.getState().equals(e.getSQLState())
                                && Objects.requireNonNull(message).getConstraint() == null));
    }

    /** Remembers a day that was there before this transaction, and that no retention drops soon. */
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
