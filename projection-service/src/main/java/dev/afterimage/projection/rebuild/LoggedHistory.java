package dev.afterimage.projection.rebuild;

import dev.afterimage.projection.eventlog.LoggedRecord;
import dev.afterimage.projection.sql.Sql;
import jakarta.enterprise.context.ApplicationScoped;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;
import java.util.Optional;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;

/** The event log as a history: restores each event to its received form. */
@ApplicationScoped
class LoggedHistory implements History {

    private static final int CHUNK = 4_000;

    private static final String NEXT = """
            select kafka_offset, event_key ->> 'id' as id, %s as value
              from cdc_raw.cdc_events
             where kafka_topic = ? and kafka_partition = ? and kafka_offset >= ? and kafka_offset < ?
               and id > (select coalesce(max(replaced_after), 0)
                           from cdc_raw.positions where topic = kafka_topic and partition = kafka_partition)
             order by kafka_offset
             limit ?
            """.formatted(LoggedRecord.VALUE);

    private static final String EXTENT =
            "select logged_from, next_offset from cdc_raw.positions where topic = ? and partition = ?";

    private final DataSource dataSource;

    LoggedHistory(DataSource dataSource) {
        this.dataSource = dataSource;
    }

    @Override
    public String name() {
        return "log";
    }

    @Override
    public Optional<Extent> extent(String topic, int partition) throws SQLException {
        try (Connection connection = dataSource.getConnection()) {
            return Sql.first(connection, EXTENT, row -> new Extent(row.getLong(1), row.getLong(2)), topic, partition);
        }
    }

    @Override
    public Reader open(String topic, int partition, long from) {
        return new Reader() {
            private long next = from;

            @Override
            public List<Past> next(long until) throws SQLException, IOException {
                List<Past> found = read(topic, partition, next, until);
                Optional<Extent> extent = extent(topic, partition);
                if (extent.isEmpty() || extent.get().first() > next) {
                    throw new IOException("the event log has lost events of %s/%d".formatted(topic, partition));
                }
                next = found.isEmpty() ? next : found.getLast().offset() + 1;
                return found;
            }
        };
    }

    private List<Past> read(String topic, int partition, long from, long until) throws SQLException {
        Sql.Reader<Past> reader = Sql.Reader.ofEach(row ->
                new Past(row.getLong("kafka_offset"), bytes(row.getString("id")), bytes(row.getString("value"))));
        try (Connection connection = dataSource.getConnection()) {
            return Sql.select(connection, NEXT, reader, topic, partition, from, until, CHUNK);
        }
    }

    private static byte @Nullable [] bytes(@Nullable String text) {
        return text == null ? null : text.getBytes(StandardCharsets.UTF_8);
    }
}
