package dev.afterimage.projection.feed;

import jakarta.enterprise.context.ApplicationScoped;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.kafka.common.TopicPartition;

/**
 * The table {@code cdc_raw.positions}: the next offset of each partition. It changes in the same transaction as the
 * rows, so it is authoritative. The offsets in Kafka are only for Kafka's tools.
 */
@ApplicationScoped
class Positions {

    private static final String LOCK = """
            select p.topic, p.partition, p.next_offset
              from cdc_raw.positions p
             where (p.topic, p.partition) in (select * from unnest(?::text[], ?::int[]))
             order by p.topic, p.partition
               for update
            """;

    private static final String PUT = """
            insert into cdc_raw.positions as p (topic, partition, next_offset, logged_from)
            select n.*, n.next_offset from unnest(?::text[], ?::int[], ?::bigint[]) as n(topic, partition, next_offset)
                on conflict (topic, partition) do update set next_offset = excluded.next_offset
            """;

    static final Comparator<TopicPartition> ORDER =
            Comparator.comparing(TopicPartition::topic).thenComparing(TopicPartition::partition);

    /**
     * Reads positions and locks them until the transaction ends. Another instance that assumes it owns one of these
     * partitions waits here, and then reads the new position.
     */
    Map<TopicPartition, Long> lock(Connection connection, Collection<TopicPartition> partitions) throws SQLException {
        List<TopicPartition> ordered = partitions.stream().sorted(ORDER).toList();
        Map<TopicPartition, Long> positions = new HashMap<>();
        try (PreparedStatement statement = connection.prepareStatement(LOCK)) {
            setPartitions(statement, ordered);
            try (ResultSet row = statement.executeQuery()) {
                while (row.next()) {
                    var partition = new TopicPartition(row.getString("topic"), row.getInt("partition"));
                    positions.put(partition, row.getLong("next_offset"));
                }
            }
        }
        return positions;
    }

    void put(Connection connection, Map<TopicPartition, Long> positions) throws SQLException {
        List<TopicPartition> ordered = positions.keySet().stream().sorted(ORDER).toList();
        try (PreparedStatement statement = connection.prepareStatement(PUT)) {
            setPartitions(statement, ordered);
            Object[] offsets = ordered.stream().map(positions::get).toArray();
            statement.setArray(3, connection.createArrayOf("int8", offsets));
            statement.executeUpdate();
        }
    }

    private static void setPartitions(PreparedStatement statement, List<TopicPartition> partitions)
            throws SQLException {
        Connection connection = statement.getConnection();
        Object[] topics = partitions.stream().map(TopicPartition::topic).toArray();
        Object[] numbers = partitions.stream().map(TopicPartition::partition).toArray();
        statement.setArray(1, connection.createArrayOf("text", topics));
        statement.setArray(2, connection.createArrayOf("int4", numbers));
    }
}
