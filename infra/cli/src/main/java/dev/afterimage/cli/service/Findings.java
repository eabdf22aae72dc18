package dev.afterimage.cli.service;

import com.fasterxml.jackson.databind.JsonNode;
import dev.afterimage.cli.terminal.Figures;
import dev.afterimage.stack.ConnectorStatus;
import dev.afterimage.stack.Connectors;
import dev.afterimage.stack.KafkaBroker;
import dev.afterimage.stack.Postgres;
import dev.afterimage.stack.Server;
import dev.afterimage.stack.StackException;
import java.io.IOException;
import java.nio.file.Files;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ExecutionException;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.GroupListing;
import org.apache.kafka.clients.admin.ListOffsetsOptions;
import org.apache.kafka.clients.admin.ListOffsetsResult.ListOffsetsResultInfo;
import org.apache.kafka.clients.admin.ListTransactionsOptions;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.admin.TransactionDescription;
import org.apache.kafka.clients.admin.TransactionListing;
import org.apache.kafka.clients.admin.TransactionState;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.GroupState;
import org.apache.kafka.common.IsolationLevel;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.TimeoutException;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.jspecify.annotations.Nullable;

/**
 * Asks every part of the pipeline for its state. A part that does not answer becomes a finding; it does not stop the
 * report.
 */
public final class Findings implements AutoCloseable {

    /** The levels, in the order of their exit codes. */
    public enum Level {
        OK,
        WARN,
        CRIT
    }

    /** A finding that an operator should look at. */
    public record Worry(Level level, String what) {}

    /**
     * A process of the pipeline.
     *
     * @param state {@code runs} or {@code gone}
     */
    public record ServerProcess(
            String name, long pid, @Nullable String since, String state) {}

    /**
     * A replication slot.
     *
     * @param behindBytes bytes from the confirmed position to the end of the log
     * @param oldestMs age of the oldest change that is not confirmed; null if order-service does not report it
     */
    public record Slot(
            String name,
            String database,
            boolean active,
            String wal,
            long retainedBytes,
            String confirmed,
            long behindBytes,
            @Nullable Long oldestMs) {}

    /**
     * The lag of a consumer group on a topic.
     *
     * @param records lag by partition; 0 when only transaction markers and tombstones are left, else they count too
     * @param oldestMs age of the oldest record that has not been read; 0 if all have been read
     */
    public record Lag(String group, String topic, List<Long> records, long oldestMs) {}

    /**
     * A topic with events.
     *
     * @param offsetsPerSecond since the previous report; each transaction marker takes one offset
     */
    public record Topic(String name, @Nullable String lastEvent, double offsetsPerSecond) {}

    public record Aggregate(String name, long rows, double rowsPerSecond, long events, double eventsPerSecond) {}

    /**
     * What Debezium tells of a connector that reads a database.
     *
     * @param behindMs from the commit of the last event to its arrival in Debezium; null before the first event
     * @param events events seen since the task started, with those of the snapshot and those that were filtered
     * @param queued events that wait in Debezium's queue for Connect
     */
    public record Capture(
            String connector,
            @Nullable Long behindMs,
            long events,
            long filtered,
            long queued,
            long queueCapacity,
            boolean snapshotCompleted) {}

    public record Report(
            Level level,
            String at,
            List<Worry> worries,
            List<ServerProcess> processes,
            List<ConnectorStatus> connectors,
            List<Capture> captures,
            List<Slot> slots,
            List<Lag> lags,
            List<Topic> topics,
            List<Aggregate> aggregates) {}

    /** The consumer group of projection-service. */
    private static final String READ_MODEL_GROUP = "projection";

    /** PostgreSQL, Kafka, Kafka Connect and the two services. */
    private static final int PARTS = 5;

    private static final Duration ANSWER_LIMIT = Duration.ofSeconds(3);

    private final Ports ports;
    private final LocalPipelineConfig addresses;
    private final Duration maxBehind;
    private final long maxWalBytes;
    private final RestService orders;
    private final RestService projection;
    private final Connectors connect;
    private final Postgres postgres;
    private final Admin admin;
    private final KafkaConsumer<byte[], byte[]> consumer;

    private List<Worry> worries = new ArrayList<>();
    private int silentParts;
    private long lookedAt;
    private Map<String, Long> offsetsBefore = Map.of();
    private Map<String, long[]> countsBefore = Map.of();

    /**
     * @param maxBehind maximum age of the oldest record that a consumer has not read; above it the status is CRIT
     * @param maxWalBytes how much log a replication slot may retain; above it the status is CRIT
     */
    public Findings(Ports ports, Duration maxBehind, long maxWalBytes) {
        this.ports = ports;
        this.addresses = ports.pipeline();
        this.maxBehind = maxBehind;
        this.maxWalBytes = maxWalBytes;
        this.orders = ports.orderService();
        this.projection = ports.projectionService();
        this.connect = ports.connectors();
        this.postgres = ports.postgres();
        Map<String, Object> kafka = Map.of(
                "bootstrap.servers",
                ports.bootstrapServers(),
                "isolation.level",
                "read_committed",
                "auto.offset.reset",
                "earliest",
                "default.api.timeout.ms",
                (int) ANSWER_LIMIT.toMillis(),
                "request.timeout.ms",
                2_000);
        this.admin = Admin.create(kafka);
        Map<String, Object> few = new HashMap<>(kafka);
        few.put("max.poll.records", 5); // they may be large, and the first one with a value is enough
        few.put("max.partition.fetch.bytes", 256 << 10);
        this.consumer = new KafkaConsumer<>(few, new ByteArrayDeserializer(), new ByteArrayDeserializer());
    }

    /** Rates are since the previous report; the first report has none. */
    public Report look() {
        worries = new ArrayList<>();
        silentParts = 0;
        long now = System.nanoTime();
        double seconds = lookedAt == 0 ? Double.POSITIVE_INFINITY : (now - lookedAt) / 1e9;
        lookedAt = now;
        List<ServerProcess> processes = processes();
        Map<String, JsonNode> configs = new TreeMap<>();
        List<ConnectorStatus> connectors = connectors(configs);
        List<Capture> captures = captures(configs);
        List<Slot> slots = slots(configs);
        List<Lag> lags = new ArrayList<>();
        List<Topic> topics = new ArrayList<>();
        kafka(lags, topics, seconds, connectors);
        List<Aggregate> aggregates = aggregates(seconds);
        letters();
        if (silentParts == PARTS) {
            worry(Level.CRIT, "does the pipeline run? Start it with infra/afterimage up");
        }
        worries.sort((one, other) -> other.level().compareTo(one.level()));
        Level level = worries.isEmpty() ? Level.OK : worries.getFirst().level();
        return new Report(
                level,
                Instant.now().truncatedTo(ChronoUnit.SECONDS).toString(),
                worries,
                processes,
                connectors,
                captures,
                slots,
                lags,
                topics,
                aggregates);
    }

    /** CRIT above the limit, WARN from half of it. */
    private void worry(long value, long max, String what) {
        if (value > max / 2) {
            worry(value > max ? Level.CRIT : Level.WARN, what);
        }
    }

    /** A part that does not answer, and its address. */
    private void silent(String part, Object address) {
        silentParts++;
        worry(Level.CRIT, part + " does not answer at " + address);
    }

    private void worry(Level level, String what) {
        worries.add(new Worry(level, what));
    }

    /** The processes, found by the pid files beside the stack's data; empty if the pipeline runs on another machine. */
    private List<ServerProcess> processes() {
        List<ServerProcess> processes = new ArrayList<>();
        if (!Files.isDirectory(ports.home)) {
            return processes;
        }
        try {
            Server.pids(ports.home).forEach((name, pid) -> {
                Optional<ProcessHandle> handle = ProcessHandle.of(pid);
                Optional<Instant> since =
                        handle.flatMap(process -> process.info().startInstant());
                processes.add(new ServerProcess(
                        name, pid, since.map(Instant::toString).orElse(null), handle.isPresent() ? "runs" : "gone"));
                if (handle.isEmpty()) {
                    worry(Level.CRIT, name + " does not run");
                }
            });
        } catch (IOException | NumberFormatException e) {
            worry(Level.WARN, "the processes in " + ports.home + " cannot be read: " + e.getMessage());
        }
        return processes;
    }

    /** @param configs receives the configuration of each connector, by its name */
    private List<ConnectorStatus> connectors(Map<String, JsonNode> configs) {
        try {
            List<ConnectorStatus> connectors = connect.all();
            configs.putAll(connect.configs());
            if (connectors.isEmpty()) {
                worry(Level.CRIT, "Kafka Connect has no connector");
            }
            for (ConnectorStatus each : connectors) {
                String connector = "connector " + each.name();
                if (each.failed()) {
                    worry(Level.CRIT, connector + " FAILED: " + each.failure().orElse(""));
                } else if (each.tasks().isEmpty() && each.state().equals("RUNNING")) {
                    worry(Level.CRIT, connector + " has no task");
                } else if (!each.running()) {
                    String tasks = each.tasks().isEmpty() ? "" : ", its tasks " + String.join(" ", each.tasks());
                    worry(Level.WARN, connector + " is " + each.state() + tasks);
                }
            }
            return connectors;
        } catch (StackException e) {
            silent("Kafka Connect", addresses.stack().connect());
            return List.of();
        }
    }

    /** Empty when the worker serves no metrics: they only add to what the other parts tell. */
    private List<Capture> captures(Map<String, JsonNode> configs) {
        Map<String, Map<String, Double>> metrics =
                ConnectMetrics.ofDebezium(addresses.stack().connectMetrics());
        List<Capture> captures = new ArrayList<>();
        configs.forEach((connector, config) -> {
            Map<String, Double> found = metrics.get(config.path("topic.prefix").asText());
            if (found != null) {
                long behind = number(found, "streaming MilliSecondsBehindSource");
                long capacity = number(found, "streaming QueueTotalCapacity");
                captures.add(new Capture(
                        connector,
                        behind < 0 ? null : behind,
                        number(found, "snapshot TotalNumberOfEventsSeen")
                                + number(found, "streaming TotalNumberOfEventsSeen"),
                        number(found, "snapshot NumberOfEventsFiltered")
                                + number(found, "streaming NumberOfEventsFiltered"),
                        capacity - number(found, "streaming QueueRemainingCapacity"),
                        capacity,
                        number(found, "snapshot SnapshotCompleted") == 1));
            }
        });
        return captures;
    }

    private static long number(Map<String, Double> metrics, String name) {
        return metrics.getOrDefault(name, 0.0).longValue();
    }

    /**
     * The age of the oldest unconfirmed change by slot, from the health of order-service, which watches both slots over
     * time. Also tells what else it knows only over time.
     */
    private Map<String, Long> unconfirmed() {
        Map<String, Long> ages = new HashMap<>();
        try {
            for (JsonNode check : orders.get("/q/health").body().path("checks")) {
                JsonNode data = check.path("data");
                if (data.has("oldestUnconfirmedMs")) {
                    for (String slot : data.path("slot").asText().split(",", -1)) {
                        ages.put(slot, data.path("oldestUnconfirmedMs").asLong());
                    }
                }
                if (data.has("refusedMs") && check.path("status").asText().equals("DOWN")) {
                    worry(
                            Level.CRIT,
                            "order-service has refused all changes for "
                                    + Figures.duration(Duration.ofMillis(
                                            data.path("refusedMs").asLong()))
                                    + ": the database is read-only, or a table is locked");
                }
            }
            if (orders.get("/q/health/ready").status() != 200) {
                worry(Level.CRIT, "order-service is not ready: " + addresses.orders() + "/q/health/ready");
            }
        } catch (StackException e) {
            silent("order-service", addresses.orders());
        }
        return ages;
    }

    private List<Slot> slots(Map<String, JsonNode> configs) {
        List<Slot> slots = new ArrayList<>();
        Map<String, String> inUse = Connectors.slots(configs);
        Map<String, Long> unconfirmed = unconfirmed();
        try (Connection connection = postgres.connectBriefly();
                Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery("""
                        select slot_name, coalesce(database, '-'), active, coalesce(wal_status, '-'),
                               coalesce(pg_wal_lsn_diff(pg_current_wal_lsn(), restart_lsn), 0),
                               coalesce(confirmed_flush_lsn::text, '-'),
                               coalesce(pg_wal_lsn_diff(pg_current_wal_lsn(), confirmed_flush_lsn), 0)
                          from pg_replication_slots order by 1""")) {
            while (row.next()) {
                Slot slot = new Slot(
                        row.getString(1),
                        row.getString(2),
                        row.getBoolean(3),
                        row.getString(4),
                        row.getLong(5),
                        row.getString(6),
                        row.getLong(7),
                        unconfirmed.get(row.getString(1)));
                slots.add(slot);
                inUse.values().remove(slot.name());
                worry(
                        slot.retainedBytes(),
                        maxWalBytes,
                        "slot " + slot.name() + " retains " + Figures.bytes(slot.retainedBytes()) + " of log");
                if (slot.oldestMs() != null) {
                    worry(
                            slot.oldestMs(),
                            maxBehind.toMillis(),
                            "slot " + slot.name() + " has confirmed nothing for "
                                    + Figures.duration(Duration.ofMillis(slot.oldestMs()))
                                    + ": its connector does not move");
                }
                if (slot.wal().equals("lost")) {
                    worry(Level.CRIT, "slot " + slot.name() + " has lost its log: changes are gone");
                } else if (!slot.active()) {
                    worry(Level.WARN, "nobody reads slot " + slot.name());
                }
            }
            inUse.forEach((connector, slot) ->
                    worry(Level.CRIT, "slot " + slot + " of connector " + connector + " is gone, and its log with it"));
        } catch (SQLException e) {
            silent("PostgreSQL", postgres.jdbcUrl(""));
        }
        return slots;
    }

    private void kafka(List<Lag> lags, List<Topic> topics, double seconds, List<ConnectorStatus> connectors) {
        try {
            // Connect's internal topics have no events
            List<TopicPartition> partitions = KafkaBroker.partitions(admin).stream()
                    .filter(each -> !each.topic().startsWith("connect.")
                            && !each.topic().startsWith("__"))
                    .toList();
            Map<TopicPartition, Long> ends = new HashMap<>();
            offsets(partitions, OffsetSpec.latest()).forEach((partition, end) -> ends.put(partition, end.offset()));
            Map<String, Long> offsets = new TreeMap<>();
            ends.forEach((partition, end) -> offsets.merge(partition.topic(), end, Long::sum));
            Map<String, Long> newest = new HashMap<>();
            offsets(partitions, OffsetSpec.maxTimestamp())
                    .forEach((partition, found) -> newest.merge(partition.topic(), found.timestamp(), Math::max));
            offsets.forEach((topic, sum) -> {
                long last = newest.getOrDefault(topic, -1L);
                topics.add(new Topic(
                        topic,
                        last < 0 ? null : Instant.ofEpochMilli(last).toString(),
                        (sum - offsetsBefore.getOrDefault(topic, sum)) / seconds));
            });
            offsetsBefore = offsets;
            transactions();
            lags(lags, ends, connectors);
        } catch (KafkaException | ExecutionException e) {
            silent("Kafka", ports.bootstrapServers());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private Map<TopicPartition, ListOffsetsResultInfo> offsets(List<TopicPartition> partitions, OffsetSpec which)
            throws ExecutionException, InterruptedException {
        Map<TopicPartition, OffsetSpec> wanted = new HashMap<>();
        partitions.forEach(partition -> wanted.put(partition, which));
        return admin.listOffsets(wanted, new ListOffsetsOptions(IsolationLevel.READ_COMMITTED))
                .all()
                .get();
    }

    /** Transactions that stay open. No consumer reads behind them, and no lag counts what they hide. */
    private void transactions() throws ExecutionException, InterruptedException {
        List<String> open = admin
                .listTransactions(new ListTransactionsOptions()
                        .filterStates(Set.of(
                                TransactionState.ONGOING,
                                TransactionState.PREPARE_COMMIT,
                                TransactionState.PREPARE_ABORT))
                        .filterOnDuration(maxBehind.toMillis() / 2))
                .all()
                .get()
                .stream()
                .map(TransactionListing::transactionalId)
                .toList();
        Map<String, TransactionDescription> found =
                new TreeMap<>(admin.describeTransactions(open).all().get());
        found.forEach((id, transaction) -> {
            String topics = transaction.topicPartitions().stream()
                    .map(TopicPartition::topic)
                    .distinct()
                    .sorted()
                    .collect(Collectors.joining(", "));
            if (!topics.isEmpty()) { // else it has ended meanwhile
                long age = System.currentTimeMillis()
                        - transaction.transactionStartTimeMs().orElseGet(System::currentTimeMillis);
                worry(
                        age,
                        maxBehind.toMillis(),
                        "transaction " + id + " has been open for " + Figures.duration(Duration.ofMillis(age))
                                + " and hides later records of " + topics);
            }
        });
    }

    private void lags(List<Lag> lags, Map<TopicPartition, Long> ends, List<ConnectorStatus> connectors)
            throws ExecutionException, InterruptedException {
        List<GroupListing> groups = admin.listGroups().all().get().stream()
                .sorted(Comparator.comparing(GroupListing::groupId))
                .toList();
        for (GroupListing listed : groups) {
            String group = listed.groupId();
            // the read model and a connector that is stopped or has failed come back; connectors are unknown without
            // Connect
            boolean comesBack = group.equals(READ_MODEL_GROUP)
                    || (connectors.isEmpty() && group.startsWith("connect-"))
                    || connectors.stream().anyMatch(each -> group.equals("connect-" + each.name()));
            boolean gone = !comesBack
                    && listed.groupState().filter(GroupState.EMPTY::equals).isPresent();
            Map<TopicPartition, OffsetAndMetadata> committed = admin.listConsumerGroupOffsets(group)
                    .partitionsToOffsetAndMetadata()
                    .get();
            Map<String, TreeMap<Integer, Long>> byTopic = new TreeMap<>();
            Map<String, Long> oldest = new HashMap<>();
            for (Map.Entry<TopicPartition, OffsetAndMetadata> position : committed.entrySet()) {
                TopicPartition partition = position.getKey();
                if (position.getValue() == null || !ends.containsKey(partition)) {
                    continue;
                }
                long next = position.getValue().offset();
                long lag = Math.max(0, ends.getOrDefault(partition, 0L) - next);
                long age = lag == 0 ? 0 : age(partition, next, next + lag);
                byTopic.computeIfAbsent(partition.topic(), _ -> new TreeMap<>())
                        .put(partition.partition(), age == 0 ? 0 : lag);
                oldest.merge(partition.topic(), age, Math::max);
            }
            byTopic.forEach((topic, records) ->
                    lags.add(new Lag(group, topic, List.copyOf(records.values()), oldest.getOrDefault(topic, 0L))));
            List<String> late = byTopic.keySet().stream()
                    .filter(topic -> oldest.getOrDefault(topic, 0L) > maxBehind.toMillis() / 2)
                    .toList();
            if (late.isEmpty()) {
                continue;
            }
            long waits = Collections.max(oldest.values());
            String behind = group + " is " + Figures.duration(Duration.ofMillis(waits)) + " behind on "
                    + (late.size() == 1 ? late.getFirst() : late.size() + " topics");
            if (!gone) {
                worry(waits, maxBehind.toMillis(), behind);
            } else {
                worry(Level.WARN, behind + " and has no members: infra/afterimage status forget " + group);
            }
        }
    }

    /**
     * The age of the record that a consumer reads next, at least 1. It is 0 when only transaction markers and tombstones
     * are left: the sink ignores a tombstone and commits both with the next record.
     */
    private long age(TopicPartition partition, long from, long end) {
        consumer.assign(List.of(partition));
        consumer.seek(partition, from);
        for (long position = from; position < end; ) {
            for (ConsumerRecord<byte[], byte[]> record : consumer.poll(ANSWER_LIMIT)) {
                if (record.value() != null) {
                    return Math.max(1, System.currentTimeMillis() - record.timestamp());
                }
            }
            long moved = consumer.position(partition);
            if (moved == position) {
                throw new TimeoutException("no records of " + partition);
            }
            position = moved;
        }
        return 0;
    }

    private List<Aggregate> aggregates(double seconds) {
        List<Aggregate> aggregates = new ArrayList<>();
        Map<String, long[]> counts = new HashMap<>();
        try {
            JsonNode stats = RestService.expect(200, projection.get("/stats"));
            stats.path("aggregates").properties().forEach(each -> {
                JsonNode of = each.getValue();
                long rows = of.path("rows").asLong();
                long events = Stream.of("creates", "updates", "deletes", "snapshots")
                        .mapToLong(kind -> of.path(kind).asLong())
                        .sum();
                long[] before = countsBefore.getOrDefault(each.getKey(), new long[] {rows, events});
                counts.put(each.getKey(), new long[] {rows, events});
                aggregates.add(new Aggregate(
                        each.getKey(), rows, (rows - before[0]) / seconds, events, (events - before[1]) / seconds));
            });
            countsBefore = counts;
            gaps();
        } catch (StackException e) {
            if (e.getCause() instanceof IOException) {
                silent("projection-service", addresses.projection());
            } else {
                worry(Level.CRIT, "projection-service shows no figures. " + e.getMessage());
            }
        }
        return aggregates;
    }

    private void letters() {
        try {
            if (!RestService.expect(200, projection.get("/dead-letters?limit=1"))
                    .isEmpty()) {
                worry(Level.WARN, "dead letters wait: infra/afterimage dead-letters");
            }
        } catch (RestService.Refused e) {
            worry(Level.WARN, "projection-service shows no dead letters. " + e.getMessage());
        } catch (StackException e) {
            // the report says already that the service does not answer
        }
    }

    private void gaps() {
        for (JsonNode gap : RestService.expect(200, projection.get("/gaps"))) {
            String cause = gap.path("cause").asText();
            worry(
                    Level.CRIT,
                    "records are missing: %s/%d offsets %d to %d (%s): %s, then DELETE /gaps/%d"
                            .formatted(
                                    gap.path("topic").asText(),
                                    gap.path("partition").asInt(),
                                    gap.path("fromOffset").asLong(),
                                    gap.path("toOffset").asLong(),
                                    cause,
                                    cause.equals("replica") ? "repair slot source_tables" : "publish a snapshot",
                                    gap.path("id").asLong()));
        }
    }

    @Override
    public void close() {
        admin.close(Duration.ZERO);
        consumer.close();
    }
}
