package dev.afterimage.projection.eventlog;

import dev.afterimage.projection.change.Change;
import dev.afterimage.projection.change.Envelope;
import jakarta.enterprise.context.ApplicationScoped;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Collectors;
import org.postgresql.PGConnection;

/** {@code cdc_raw.cdc_events}: a row a record, in a partition a day. */
@ApplicationScoped
public class EventLog {

    private static final String APPEND = """
            copy cdc_raw.cdc_events (source_table, operation, event_key, before_data, after_data, source_metadata,
                                     kafka_topic, kafka_partition, kafka_offset, kafka_timestamp, event_timestamp)
            from stdin (format binary)
            """;

    private static final int BUFFER_BYTES = 64 * 1024;
    /** SQLSTATE of a connection that broke. */
    private static final String CONNECTION_FAILURE = "08006";

    private static final String TOMBSTONE = "t";

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
        try {
            var rows = new CopyRows();
            for (LoggedRecord record : records) {
                add(rows, record);
            }
            connection
                    .unwrap(PGConnection.class)
                    .getCopyAPI()
                    .copyIn(APPEND, new ByteArrayInputStream(rows.end()), BUFFER_BYTES);
        } catch (IOException e) {
            throw new SQLException("the events cannot be sent to the log", CONNECTION_FAILURE, e);
        }
    }

    private static void add(CopyRows rows, LoggedRecord record) throws IOException {
        Change change = record.change();
        Envelope event = change instanceof Envelope envelope ? envelope : null;
        rows.row(11)
                .text(change.aggregate() + "s")
                .text(event == null ? TOMBSTONE : event.op().code())
                .text(change.id().toString())
                .jsonb(event == null ? null : event.raw().before())
                .jsonb(event == null ? null : event.raw().after())
                .jsonb(event == null ? null : event.raw().source())
                .text(record.topic())
                .int4(record.partition())
                .int8(record.offset())
                .timestamptz(record.timestamp())
                .timestamptz(event == null ? record.timestamp() : event.committedAt());
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
