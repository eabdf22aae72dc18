package dev.afterimage.projection.feed;

import dev.afterimage.projection.sql.RoundTrip;
import dev.afterimage.projection.sql.Sql;
import dev.afterimage.projection.sql.Sql.Column;
import dev.afterimage.projection.sql.Sql.Values;
import jakarta.enterprise.context.ApplicationScoped;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.kafka.common.TopicPartition;

/**
 * The table {@code cdc_raw.positions}: the next offset of each partition. It changes in the same transaction as the
 * rows, so it is authoritative. The offsets in Kafka are only for Kafka's tools.
 *
 * <p>The commit of a batch does not wait for the disk. When PostgreSQL crashes, it can lose the commits of about the
 * last half second, rows and positions alike. The feed compares the positions a second later, and then goes back.
 */
@ApplicationScoped
class Positions {

    private static final String READ = """
            select p.topic, p.partition, p.next_offset
              from cdc_raw.positions p
             where (p.topic, p.partition) in (select * from unnest(?::text[], ?::int[]))
             order by p.topic, p.partition
            """;

    private static final String PUT = """
            insert into cdc_raw.positions as p (topic, partition, next_offset, logged_from)
            select n.*, n.next_offset from unnest(?::text[], ?::int[], ?::bigint[]) as n(topic, partition, next_offset)
                on conflict (topic, partition) do update set next_offset = excluded.next_offset
            """;

    private static final String IDS = """
            select p.topic, p.partition, p.topic_id
              from cdc_raw.positions p
             where (p.topic, p.partition) in (select * from unnest(?::text[], ?::int[])) and p.topic_id is not null
            """;

    private static final String PUT_IDS = """
            update cdc_raw.positions p set topic_id = n.topic_id
              from unnest(?::text[], ?::int[], ?::text[]) as n(topic, partition, topic_id)
             where p.topic = n.topic and p.partition = n.partition and p.topic_id is distinct from n.topic_id
            """;

    private static final String LACK =
            "update cdc_raw.positions set logged_from = greatest(logged_from, ?) where topic = ? and partition = ?";

    private static final String REPLACE = """
            update cdc_raw.positions p
               set logged_from = ?,
                   replaced_after = coalesce((select min(e.id) - 1
                                                from cdc_raw.cdc_events e
                                               where e.kafka_topic = p.topic and e.kafka_partition = p.partition
                                                 and e.kafka_offset >= ? and e.id > coalesce(p.replaced_after, 0)),
                                             (select case when is_called then last_value else 0 end
                                                from cdc_raw.cdc_events_id_seq))
             where p.topic = ? and p.partition = ?
            """;

    private static final String REMOVE = """
            delete from cdc_raw.positions where topic = ? and partition >= ? and topic_id is distinct from ?
            returning partition, next_offset
            """;

    static final Comparator<TopicPartition> ORDER =
            Comparator.comparing(TopicPartition::topic).thenComparing(TopicPartition::partition);

    private static final List<Column<TopicPartition>> PARTITION = List.of(
            new Column<>("topic", "text", TopicPartition::topic),
            new Column<>("partition", "int4", TopicPartition::partition));

    /**
     * Reads positions and locks them until the transaction ends, when the round trip runs. Another instance that assumes
     * it owns one of these partitions waits there, and then reads the new position.
     */
    Map<TopicPartition, Long> lock(RoundTrip reads, Collection<TopicPartition> partitions) {
        return read(reads, READ + "for update", partitions);
    }

    /** Reads positions without locks, when the round trip runs. */
    Map<TopicPartition, Long> read(RoundTrip reads, Collection<TopicPartition> partitions) {
        return read(reads, READ, partitions);
    }

    private static Map<TopicPartition, Long> read(RoundTrip reads, String sql, Collection<TopicPartition> partitions) {
        Map<TopicPartition, Long> positions = new HashMap<>();
        reads.add(sql, Values.of(partitions.stream().sorted(ORDER).toList(), PARTITION), row -> {
            while (row.next()) {
                var partition = new TopicPartition(row.getString("topic"), row.getInt("partition"));
                positions.put(partition, row.getLong("next_offset"));
            }
        });
        return positions;
    }

    void put(RoundTrip writes, Map<TopicPartition, Long> positions) {
        List<TopicPartition> ordered = positions.keySet().stream().sorted(ORDER).toList();
        List<Values> values = new ArrayList<>(Values.of(ordered, PARTITION));
        values.add(Values.of("int8", ordered, positions::get));
        writes.add(PUT, values);
    }

    /** Reads the ids of the topics that the positions belong to, when the round trip runs; without unknown ones. */
    Map<TopicPartition, String> topicIds(RoundTrip reads, Collection<TopicPartition> partitions) {
        Map<TopicPartition, String> ids = new HashMap<>();
        reads.add(IDS, Values.of(partitions, PARTITION), row -> {
            while (row.next()) {
                ids.put(new TopicPartition(row.getString("topic"), row.getInt("partition")), row.getString("topic_id"));
            }
        });
        return ids;
    }

    void putTopicIds(RoundTrip writes, Map<TopicPartition, String> ids) {
        List<TopicPartition> partitions = List.copyOf(ids.keySet());
        List<Values> values = new ArrayList<>(Values.of(partitions, PARTITION));
        values.add(Values.of("text", partitions, ids::get));
        writes.add(PUT_IDS, values);
    }

    /** The event log lacks the records before this offset. */
    void lack(Connection connection, TopicPartition partition, long before) throws SQLException {
        Sql.run(connection, LACK, before, partition.topic(), partition.partition());
    }

    /**
     * The partition has another log, so the events of the earlier one no longer count as its history.
     *
     * @param first the first offset of the new log
     * @param seen an offset; records from here on may be of the new log
     */
    void replaceLog(Connection connection, TopicPartition partition, long first, long seen) throws SQLException {
        Sql.run(connection, REPLACE, first, seen, partition.topic(), partition.partition());
    }

    /** Removes the positions of partitions that the topic no longer has, and returns them. */
    List<Map.Entry<TopicPartition, Long>> removeSurplus(Connection connection, String topic, TopicIds.Topic present)
            throws SQLException {
        Sql.Reader<Map.Entry<TopicPartition, Long>> reader = Sql.Reader.ofEach(
                row -> Map.entry(new TopicPartition(topic, row.getInt("partition")), row.getLong("next_offset")));
        return Sql.select(connection, REMOVE, reader, topic, present.partitions(), present.id());
    }
}
