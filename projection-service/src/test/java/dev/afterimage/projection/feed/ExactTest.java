package dev.afterimage.projection.feed;

import static org.assertj.core.api.Assertions.assertThat;

import dev.afterimage.projection.OrderEvents;
import dev.afterimage.projection.change.Change;
import dev.afterimage.projection.sql.RoundTrip;
import dev.afterimage.projection.view.Expected;
import dev.afterimage.projection.view.Histories;
import dev.afterimage.projection.view.order.OrderImage;
import dev.afterimage.testing.TestSize;
import io.quarkus.test.junit.QuarkusTest;
import jakarta.inject.Inject;
import java.nio.charset.StandardCharsets;
import java.sql.SQLException;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import javax.sql.DataSource;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.apache.kafka.common.record.TimestampType;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/**
 * Random histories of orders on two partitions, with mixed keys and duplicate events. Two instances deliver them; both
 * assume that they own all partitions. They use batches of any size and start at the stored position or at an older
 * offset, until all events are applied.
 */
@QuarkusTest
class ExactTest {

    private static final long SEED = Long.getLong("exact.seed", System.nanoTime());
    private static final int RUNS = TestSize.of(300, 1_000);
    private static final int PARTITIONS = 2;

    @Inject
    DataSource dataSource;

    @Inject
    BatchApplier applier;

    @Inject
    Positions positions;

    @Test
    void endsAsTheFoldOfTheHistoriesHoweverTheyAreDelivered() throws Exception {
        try (ExecutorService instances = Executors.newFixedThreadPool(2)) {
            for (int run = 0; run < RUNS; run++) {
                long seed = SEED + run;
                var history = new History(new Random(seed), "exact-" + UUID.randomUUID());
                try {
                    begin(history);
                    List<Future<?>> delivering = new ArrayList<>();
                    for (int instance = 0; instance < 2; instance++) {
                        var random = new Random(seed + instance);
                        delivering.add(instances.submit(() -> {
                            deliver(history, random);
                            return null;
                        }));
                    }
                    for (Future<?> each : delivering) {
                        each.get();
                    }
                    check(history);
                } catch (Exception | AssertionError failure) {
                    throw new AssertionError("-Dexact.seed=%d".formatted(seed), failure);
                }
            }
        }
    }

    /** The records on the topic and the expected result. */
    private static final class History {

        final String topic;
        final List<List<ReceivedRecord>> partitions = new ArrayList<>();
        final Expected expected = new Expected();
        final Set<UUID> ids = new HashSet<>();

        History(Random random, String topic) {
            this.topic = topic;
            for (int i = 0; i < PARTITIONS; i++) {
                partitions.add(new ArrayList<>());
            }
            List<Deque<Change>> coming = new ArrayList<>();
            for (int i = 1 + random.nextInt(4); i > 0; i--) {
                coming.add(life(random));
            }
            Map<UUID, List<Change>> passed = new HashMap<>();
            while (!coming.isEmpty()) {
                Deque<Change> order = coming.get(random.nextInt(coming.size()));
                List<Change> seen = passed.computeIfAbsent(order.getFirst().id(), _ -> new ArrayList<>());
                if (!seen.isEmpty() && random.nextInt(4) == 0) {
                    put(seen.get(random.nextInt(seen.size())));
                    continue;
                }
                Change next = order.removeFirst();
                seen.add(next);
                put(next);
                if (order.isEmpty()) {
                    coming.remove(order);
                }
            }
        }

        private static Deque<Change> life(Random random) {
            var order = new OrderEvents(new UUID(random.nextLong(), random.nextLong()));
            Deque<Change> life = new ArrayDeque<>();
            life.add(Histories.read(order.id, order.placed()));
            int version = 1;
            while (random.nextInt(3) > 0) {
                version++;
                life.add(Histories.read(order.id, order.changed(version)));
                if (random.nextInt(4) == 0) {
                    life.add(Histories.read(order.id, order.snapshot(version)));
                }
            }
            if (random.nextInt(3) == 0) {
                if (version == 1) {
                    life.add(Histories.read(order.id, order.changed(2)));
                    version = 2;
                }
                life.add(Histories.read(order.id, order.deleted(version + 1)));
                life.add(Histories.read(order.id, null));
            }
            return life;
        }

        private void put(Change change) {
            ids.add(change.id());
            var _ = expected.apply(change);
            int partition = Math.floorMod(change.id().hashCode(), PARTITIONS);
            List<ReceivedRecord> records = partitions.get(partition);
            records.add(new ReceivedRecord.Event(record(partition, records.size(), change), change));
        }

        private ConsumerRecord<byte[], byte[]> record(int partition, long offset, Change change) {
            return new ConsumerRecord<>(
                    topic,
                    partition,
                    offset,
                    Instant.now().toEpochMilli(),
                    TimestampType.CREATE_TIME,
                    36,
                    0,
                    change.id().toString().getBytes(StandardCharsets.UTF_8),
                    null,
                    new RecordHeaders(),
                    Optional.empty());
        }
    }

    private void begin(History history) throws SQLException {
        Map<TopicPartition, Long> first = new HashMap<>();
        for (int i = 0; i < PARTITIONS; i++) {
            first.put(new TopicPartition(history.topic, i), 0L);
        }
        try (var connection = dataSource.getConnection()) {
            var writes = new RoundTrip();
            positions.put(writes, first);
            writes.run(connection);
        }
    }

    private void deliver(History history, Random random) throws Exception {
        while (true) {
            List<Integer> unfinished = new ArrayList<>();
            for (int i = 0; i < PARTITIONS; i++) {
                if (position(history, i) < history.partitions.get(i).size()) {
                    unfinished.add(i);
                }
            }
            if (unfinished.isEmpty()) {
                return;
            }
            int partition = unfinished.get(random.nextInt(unfinished.size()));
            List<ReceivedRecord> records = history.partitions.get(partition);
            int position = Math.toIntExact(position(history, partition));
            int from = random.nextInt(5) == 0 ? random.nextInt(position + 1) : position;
            int to = Math.min(records.size(), from + 1 + random.nextInt(6));
            if (from < to) {
                applier.apply(
                        records.subList(from, to),
                        Map.of(new TopicPartition(history.topic, partition), (long) from),
                        _ -> {});
            }
        }
    }

    private long position(History history, int partition) throws SQLException {
        return Long.parseLong(
                String.valueOf(first("select next_offset from cdc_raw.positions where topic = '%s' and partition = %d"
                        .formatted(history.topic, partition))));
    }

    private void check(History history) throws SQLException {
        for (UUID id : history.ids) {
            var row = history.expected.rows.get(id);
            assertThat(first("select version || ' ' || (select count(*) from order_items i where i.order_id = o.id)"
                            + " from orders o where id = '" + id + "'"))
                    .isEqualTo(
                            row == null
                                    ? null
                                    : row.version() + " "
                                            + ((OrderImage) row).items().size());
            assertThat(first("select version from deletions where id = '" + id + "'"))
                    .isEqualTo(
                            history.expected.deletions.get(id) == null
                                    ? null
                                    : String.valueOf(history.expected.deletions.get(id)));
        }
        int records = history.partitions.stream().mapToInt(List::size).sum();
        assertThat(first("select count(*) from cdc_raw.cdc_events where kafka_topic = '" + history.topic + "'"))
                .isEqualTo(String.valueOf(records));
    }

    private @Nullable String first(String sql) throws SQLException {
        try (var connection = dataSource.getConnection();
                var statement = connection.createStatement();
                var row = statement.executeQuery(sql)) {
            return row.next() ? row.getString(1) : null;
        }
    }
}
