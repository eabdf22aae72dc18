package dev.afterimage.projection.feed;

import dev.afterimage.projection.sql.RoundTrip;
import dev.afterimage.projection.sql.Sql.Column;
import dev.afterimage.projection.sql.Sql.Values;
import jakarta.enterprise.context.ApplicationScoped;
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
}
