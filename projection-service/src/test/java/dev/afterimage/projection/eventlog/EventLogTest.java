package dev.afterimage.projection.eventlog;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.afterimage.projection.OrderEvents;
import dev.afterimage.projection.change.Change;
import dev.afterimage.projection.change.Effect;
import dev.afterimage.projection.sql.RoundTrip;
import dev.afterimage.projection.view.Histories;
import dev.afterimage.testing.Database;
import io.quarkus.test.junit.QuarkusTest;
import jakarta.inject.Inject;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Random;
import java.util.UUID;
import java.util.stream.IntStream;
import javax.sql.DataSource;
import org.junit.jupiter.api.Test;

@QuarkusTest
class EventLogTest {

    @Inject
    DataSource dataSource;

    @Inject
    EventLog log;

    @Inject
    Retention retention;

    private final Database database = Database.ofService();
    private final OrderEvents order = new OrderEvents();
    private final String topic = "log-" + UUID.randomUUID();

    @Test
    void keepsEachEventAsItCame() throws SQLException {
        Instant now = Instant.now();
        append(List.of(
                record(0, now, Histories.read(order.id, order.placed())),
                record(1, now, Histories.read(order.id, order.changed(2))),
                record(4, now, Histories.read(order.id, order.deleted(3))),
                record(5, now, Histories.read(order.id, null))));

        assertThat(database.rows("""
                select operation || '@' || kafka_offset || ' ' || coalesce(before_data ->> 'version', '-')
                       || ' ' || coalesce(after_data ->> 'version', '-') || ' '
                       || coalesce(source_metadata ->> 'eventType', '-')
                  from cdc_raw.cdc_events
                 where kafka_topic = '%s' and source_table = 'orders' and event_key ->> 'id' = '%s'
                 order by kafka_offset
                """.formatted(topic, order.id)))
                .containsExactly("c@0 - 1 OrderEvent", "u@1 1 2 OrderEvent", "d@4 2 - OrderEvent", "tombstone@5 - - -");
        assertThat(database.rows(
                        "select after_data -> 'items' -> 0 ->> 'lineTotal' from cdc_raw.cdc_events where kafka_topic = '"
                                + topic + "' and kafka_offset = 1"))
                .containsExactly("59.80");
        assertThat(database.rows("select count(*) from cdc_raw.cdc_events where kafka_topic = '" + topic
                        + "' and processed_at between kafka_timestamp - interval '1 second' and now()"))
                .containsExactly("4");
    }

    @Test
    void writesManyRecordsLikeFew() throws SQLException {
        var change = Histories.read(order.id, order.changed(2));
        Instant now = Instant.now().truncatedTo(ChronoUnit.MILLIS);
        append(List.of(record(0, now, change)));
        append(IntStream.range(1, 100)
                .mapToObj(offset -> record(offset, now, change))
                .toList());

        assertThat(database.rows("""
                select count(*)
                  from cdc_raw.cdc_events
                 where kafka_topic = '%s'
                 group by to_jsonb(cdc_events) - 'id' - 'kafka_offset' - 'processed_at'
                """.formatted(topic))).containsExactly("100");
    }

    @Test
    void refusesADuplicateRecord() throws SQLException {
        var record = record(7, Instant.now(), Histories.read(order.id, order.placed()));
        append(List.of(record));
        assertThatThrownBy(() -> append(List.of(record)))
                .isInstanceOf(SQLException.class)
                .hasMessageContaining("duplicate key");
    }

    @Test
    void dropsWholeDaysAndRemembersFromWhereOnItIsComplete() throws SQLException {
        Instant old = Instant.now().minus(Duration.ofDays(400));
        database.execute(
                "insert into cdc_raw.positions (topic, partition, next_offset, logged_from) values ('%s', 0, 3, 0)"
                        .formatted(topic));
        append(List.of(
                record(0, old, Histories.read(order.id, order.placed())),
                record(1, old.plus(Duration.ofDays(1)), Histories.read(order.id, order.changed(2))),
                record(2, Instant.now(), Histories.read(order.id, order.changed(3)))));
        try {
            assertThat(retention.run(Clock.fixed(Instant.now(), ZoneOffset.UTC)))
                    .isGreaterThanOrEqualTo(2);

            assertThat(database.rows("select kafka_offset from cdc_raw.cdc_events where kafka_topic = '" + topic + "'"))
                    .containsExactly("2");
            assertThat(database.rows("select logged_from from cdc_raw.positions where topic = '" + topic + "'"))
                    .containsExactly("2");
            assertThat(retention.run(Clock.fixed(Instant.now(), ZoneOffset.UTC)))
                    .isZero();
        } finally {
            database.execute("delete from cdc_raw.positions where topic = '" + topic + "'");
            // the statistics count all rows that were ever added, so the test removes its own
            database.execute("delete from cdc_raw.cdc_events where kafka_topic = '" + topic + "'");
            database.execute("delete from cdc_raw.statistics where kafka_topic = '" + topic + "'");
        }
    }

    @Test
    void readersOfTheLogDoNotDelayANewDay() throws SQLException {
        Instant unknown = Instant.now().plus(Duration.ofDays(1_000 + new Random().nextInt(9_000)));
        String day = "cdc_raw.cdc_events_"
                + DateTimeFormatter.BASIC_ISO_DATE.format(LocalDate.ofInstant(unknown, ZoneOffset.UTC));
        try (var reader = reading()) {
            append(List.of(record(0, unknown, Histories.read(order.id, order.placed()))));

            assertThat(database.rows("select kafka_offset from " + day)).containsExactly("0");
            reader.rollback();
        } finally {
            database.execute("drop table if exists " + day);
            database.execute("delete from cdc_raw.statistics where kafka_topic = '" + topic + "'");
        }
    }

    @Test
    void retentionDoesNotWaitForReaders() throws SQLException {
        Instant old = Instant.now().minus(Duration.ofDays(400));
        append(List.of(record(0, old, Histories.read(order.id, order.placed()))));
        try (var reader = reading()) {
            assertThatThrownBy(() -> retention.run(Clock.systemUTC()))
                    .isInstanceOfSatisfying(
                            SQLException.class, e -> assertThat(e.getSQLState()).isEqualTo("55P03"));
            reader.rollback();
        }

        assertThat(retention.run(Clock.systemUTC())).isPositive();
        assertThat(database.rows("select proname from pg_proc where 'lock_timeout=1s' = any(proconfig) order by 1"))
                .as("the functions that change tables at run time")
                .containsExactly("drop_days_before", "open_day", "swap_models");
        database.execute("delete from cdc_raw.statistics where kafka_topic = '" + topic + "'");
    }

    /** A transaction that has read the log and does not end. */
    private Connection reading() throws SQLException {
        Connection reader = dataSource.getConnection();
        reader.setAutoCommit(false);
        try (var statement = reader.createStatement()) {
            statement.execute("select count(*) from cdc_raw.cdc_events");
        }
        return reader;
    }

    private LoggedRecord record(long offset, Instant timestamp, Change change) {
        return new LoggedRecord(topic, 0, offset, timestamp, change, Effect.APPLIED);
    }

    private void append(List<LoggedRecord> records) throws SQLException {
        try (var connection = dataSource.getConnection()) {
            connection.setAutoCommit(false);
            try {
                var writes = new RoundTrip();
                log.append(connection, writes, records);
                writes.run(connection);
                connection.commit();
            } catch (SQLException e) {
                connection.rollback();
                throw e;
            }
        }
    }
}
