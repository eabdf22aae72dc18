package dev.afterimage.projection.deadletter;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.afterimage.projection.deadletter.DeadLetter.Header;
import dev.afterimage.projection.sql.Database;
import dev.afterimage.projection.sql.RoundTrip;
import dev.afterimage.projection.sql.Sql;
import dev.afterimage.projection.sql.Sql.Column;
import dev.afterimage.projection.sql.Sql.Values;
import jakarta.enterprise.context.ApplicationScoped;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.jspecify.annotations.Nullable;

/** The table {@code cdc_raw.dead_letters}: refused records that are neither replayed nor discarded. */
@ApplicationScoped
public class DeadLetterTable {

    private static final String PUT = """
            insert into cdc_raw.dead_letters as l (kafka_topic, kafka_partition, kafka_offset, kafka_timestamp,
                                                   key, value, headers, reason, digest)
            values (?, ?, ?, ?, ?, ?, ?::json, ?, ?)
                on conflict (kafka_topic, kafka_partition, kafka_offset, kafka_timestamp) do update
               set reason = excluded.reason, digest = excluded.digest,
                   attempts = l.attempts + 1, last_attempt_at = excluded.last_attempt_at
            """;

    private static final String LOCK = """
            select r.place
              from unnest(?::text[], ?::int[], ?::bigint[], ?::bigint[]) with ordinality
                as r(kafka_topic, kafka_partition, kafka_offset, kafka_timestamp, place)
              join cdc_raw.dead_letters l using (kafka_topic, kafka_partition, kafka_offset, kafka_timestamp)
             order by l.id
               for update of l
            """;

    private static final String REMOVE = """
            delete from cdc_raw.dead_letters
             where (kafka_topic, kafka_partition, kafka_offset, kafka_timestamp)
                in (select * from unnest(?::text[], ?::int[], ?::bigint[], ?::bigint[]))
            """;

    private static final String FILTERED = """
            select * from cdc_raw.dead_letters
             where (?::text is null or kafka_topic = ?) and (?::text is null or digest = ?)
            """;

    private static final String WITHIN = """
            select l.*
              from unnest(?::text[], ?::int[], ?::bigint[], ?::bigint[]) as part(topic, partition, first, until)
              join cdc_raw.dead_letters l on l.kafka_topic = part.topic and l.kafka_partition = part.partition
                                         and l.kafka_offset >= part.first and l.kafka_offset < part.until
            """;

    private static final List<Column<ConsumerRecord<byte[], byte[]>>> PLACE = List.of(
            new Column<>("kafka_topic", "text", ConsumerRecord::topic),
            new Column<>("kafka_partition", "int4", ConsumerRecord::partition),
            new Column<>("kafka_offset", "int8", ConsumerRecord::offset),
            new Column<>("kafka_timestamp", "int8", ConsumerRecord::timestamp));

    private static final JsonMapper JSON = new JsonMapper();

    /** Selects letters; null selects any value. */
    public record Filter(@Nullable String topic, @Nullable String digest) {}

    private final Database database;

    DeadLetterTable(Database database) {
        this.database = database;
    }

    /**
     * Stores the records, in the caller's transaction. For a record that is stored already, counts one more attempt.
     */
    public void put(Connection connection, List<Refused> letters) throws SQLException {
        if (letters.isEmpty()) {
            return;
        }
        try (PreparedStatement statement = connection.prepareStatement(PUT)) {
            for (Refused letter : letters) {
                var record = letter.record();
                statement.setString(1, record.topic());
                statement.setInt(2, record.partition());
                statement.setLong(3, record.offset());
                statement.setLong(4, record.timestamp());
                statement.setBytes(5, record.key());
                statement.setBytes(6, record.value());
                List<Header> headers = Stream.of(record.headers().toArray())
                        .map(header -> new Header(header.key(), header.value()))
                        .toList();
                statement.setString(7, JSON.valueToTree(headers).toString());
                statement.setString(8, letter.fault().reason());
                statement.setString(9, letter.fault().digest());
                statement.addBatch();
            }
            statement.executeBatch();
        }
    }

    /**
     * Locks and returns those of the letters that still exist, until the transaction ends. A concurrent replay waits,
     * and then finds only the remaining letters.
     */
    public List<ConsumerRecord<byte[], byte[]>> lock(
            Connection connection, List<ConsumerRecord<byte[], byte[]>> letters) throws SQLException {
        Sql.Reader<ConsumerRecord<byte[], byte[]>> reader = Sql.Reader.ofEach(row -> letters.get(row.getInt(1) - 1));
        return Sql.select(connection, LOCK, reader, Values.of(letters, PLACE).toArray());
    }

    /** Removes the letters of these records, in the caller's transaction. */
    public void remove(RoundTrip writes, List<ConsumerRecord<byte[], byte[]>> letters) {
        writes.add(REMOVE, Values.of(letters, PLACE));
    }

    public Optional<DeadLetter> byId(long id) {
        return letters("select * from cdc_raw.dead_letters where id = ?", id).stream()
                .findFirst();
    }

    /** The newest letters with ids below {@code below}, the newest first. */
    public List<DeadLetter> newest(Filter filter, long below, int limit) {
        return filtered(filter, " and id < ? order by id desc limit ?", below, limit);
    }

    /** The oldest letters with ids above {@code above}, the oldest first. */
    public List<DeadLetter> oldest(Filter filter, long above, int limit) {
        return filtered(filter, " and id > ? order by id limit ?", above, limit);
    }

    /** The letters of these parts of partitions; each array has an element per part. */
    public List<DeadLetter> within(String[] topics, Integer[] partitions, Long[] from, Long[] until) {
        return letters(WITHIN, topics, partitions, from, until);
    }

    /** Deletes the letter and returns it; empty if it does not exist. */
    Optional<DeadLetter> discard(long id) {
        return letters("delete from cdc_raw.dead_letters where id = ? returning *", id).stream()
                .findFirst();
    }

    /** The number of letters by topic; a topic without letters is missing. */
    static Map<String, Long> waiting(Connection connection) throws SQLException {
        return Sql.select(
                        connection,
                        "select kafka_topic, count(*) from cdc_raw.dead_letters group by kafka_topic",
                        Sql.Reader.ofEach(row -> Map.entry(row.getString(1), row.getLong(2))))
                .stream()
                .collect(Collectors.toMap(Map.Entry::getKey, Map.Entry::getValue));
    }

    private List<DeadLetter> filtered(Filter filter, String rest, long from, int limit) {
        return letters(FILTERED + rest, filter.topic(), filter.topic(), filter.digest(), filter.digest(), from, limit);
    }

    private List<DeadLetter> letters(String sql, @Nullable Object... parameters) {
        return database.with(
                connection -> Sql.select(connection, sql, Sql.Reader.ofEach(DeadLetterTable::letter), parameters));
    }

    private static DeadLetter letter(ResultSet row) throws SQLException {
        return new DeadLetter(
                row.getLong("id"),
                row.getString("kafka_topic"),
                row.getInt("kafka_partition"),
                row.getLong("kafka_offset"),
                row.getLong("kafka_timestamp"),
                row.getBytes("key"),
                row.getBytes("value"),
                headers(row.getString("headers")),
                new Fault(row.getString("reason"), row.getString("digest")),
                row.getInt("attempts"),
                Sql.instant(row, "received_at"),
                Sql.instant(row, "last_attempt_at"));
    }

    private static List<Header> headers(String json) {
        try {
            return Arrays.asList(JSON.readValue(json, Header[].class));
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("the headers are not what was stored", e);
        }
    }
}
