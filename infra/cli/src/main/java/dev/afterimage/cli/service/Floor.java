package dev.afterimage.cli.service;

import dev.afterimage.stack.Postgres;
import dev.afterimage.stack.StackException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.locks.LockSupport;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.UnknownTopicOrPartitionException;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.postgresql.PGConnection;
import org.postgresql.replication.PGReplicationStream;

/**
 * What this machine can do at best at the moment: the work of one order on the running PostgreSQL and Kafka, without a
 * service and without a connector. It works in a database, a slot and a topic of its own.
 */
public final class Floor {

    /** The stages of an order, one after another. */
    public enum Stage {
        /** One transaction by JDBC: the order, its items, the outbox row and the removal of this row. */
        COMMIT("commit of an order and its outbox row"),
        /** From the end of this commit until the reader of a slot has the outbox row. */
        LOG("its row read from PostgreSQL's log"),
        /** One Kafka transaction of one record, until a consumer that reads committed records has it. */
        TOPIC("a Kafka transaction of one record, read"),
        /** One transaction of one upsert, whose commit does not wait for the disk. */
        APPLY("commit of an upsert without flush");

        private final String label;

        Stage(String label) {
            this.label = label;
        }

        public String label() {
            return label;
        }
    }

    /** The name of the database, of the publication, of the slot and of the topic. */
    private static final String NAME = "afterimage_floor";

    private static final int LIMIT_MS = 30_000;
    private static final Duration LIMIT = Duration.ofMillis(LIMIT_MS);
    private static final String[] REPLICATION = {
        "replication=database", "preferQueryMode=simple", "assumeMinServerVersion=18"
    };
    private static final String OBJECT_IN_USE = "55006";
    /** In the protocol of pgoutput. */
    private static final byte INSERT = 'I';

    private static final String PAYLOAD = "'{\"image\": \"" + "x".repeat(500) + "\"}'";
    private static final String TABLES = """
            create table orders (id uuid primary key, customer_id uuid not null, status text not null,
                total numeric(14, 2) not null, created_at timestamptz not null, version bigint not null);
            create table order_items (order_id uuid references orders, position integer, product_id uuid not null,
                quantity integer not null, line_total numeric(16, 2) not null, primary key (order_id, position));
            create table outbox (id uuid primary key, payload jsonb);
            create table applied (id uuid primary key, payload jsonb);
            create publication afterimage_floor for table outbox with (publish = 'insert')""";
    private static final List<String> ORDER = List.of(
            "insert into orders values (?, gen_random_uuid(), 'PENDING', 59.80, now(), 1)",
            "insert into order_items select ?, n, gen_random_uuid(), 1, 29.90 from generate_series(0, 1) as n",
            "insert into outbox values (?, " + PAYLOAD + ")",
            "delete from outbox where id = ?");
    private static final List<String> UPSERT = List.of("set local synchronous_commit to off", """
            insert into applied values (?, %s) on conflict (id) do update set payload = excluded.payload
            """.formatted(PAYLOAD));

    private final Postgres postgres;
    private final Map<String, Object> kafka;

    /** Nothing happens before {@link #measure}. */
    public Floor(Ports ports) {
        this.postgres = ports.postgres();
        this.kafka = Map.of("bootstrap.servers", ports.bootstrapServers(), "default.api.timeout.ms", LIMIT_MS);
    }

    /**
     * Does the work {@code rate} times a second, one stage after the other.
     *
     * @param warmUp the first seconds, which do not count
     * @return the nanoseconds of each round by stage
     * @throws StackException when PostgreSQL or Kafka does not answer
     */
    public List<Map<Stage, Long>> measure(int rate, int warmUp, int seconds) {
        try (Connection maintenance = postgres.connect("postgres");
                Admin admin = Admin.create(kafka)) {
            remove(maintenance, admin); // what an interrupted run left
            execute(maintenance, "create database " + NAME);
            try {
                admin.createTopics(List.of(new NewTopic(NAME, 1, (short) 1)))
                        .all()
                        .get();
                return rounds(rate, rate * warmUp, rate * seconds);
            } finally {
                remove(maintenance, admin);
            }
        } catch (SQLException e) {
            throw new StackException("PostgreSQL cannot do the work of the floor: " + e.getMessage(), e);
        } catch (ExecutionException | KafkaException e) {
            throw new StackException("Kafka cannot do the work of the floor: " + e.getMessage(), e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new StackException("Interrupted.", e);
        }
    }

    /** The nanoseconds of all stages of a round. */
    public static long together(Map<Stage, Long> round) {
        return round.values().stream().mapToLong(Long::longValue).sum();
    }

    private static void remove(Connection maintenance, Admin admin) throws SQLException, InterruptedException {
        // the server drops the slot, without which the database cannot go, a moment after its connection's end
        long deadline = System.nanoTime() + LIMIT.toNanos();
        while (!dropped(maintenance) && System.nanoTime() < deadline) {
            Thread.sleep(20);
        }
        try {
            admin.deleteTopics(List.of(NAME)).all().get();
        } catch (ExecutionException e) {
            if (!(e.getCause() instanceof UnknownTopicOrPartitionException)) {
                throw new StackException("Kafka does not delete a topic: " + e.getMessage(), e);
            }
        }
    }

    private static boolean dropped(Connection maintenance) throws SQLException {
        try {
            execute(maintenance, "drop database if exists " + NAME + " with (force)");
            return true;
        } catch (SQLException e) {
            if (!OBJECT_IN_USE.equals(e.getSQLState())) {
                throw e;
            }
            return false;
        }
    }

    private static void execute(Connection connection, String sql) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }

    private List<Map<Stage, Long>> rounds(int rate, int warmUp, int rounds) throws SQLException {
        List<Map<Stage, Long>> measured = new ArrayList<>();
        try (Connection connection = postgres.connect(NAME);
                Connection replication = postgres.connect(NAME, REPLICATION);
                var producer = new KafkaProducer<>(
                        with(ProducerConfig.TRANSACTIONAL_ID_CONFIG, NAME),
                        new ByteArraySerializer(),
                        new ByteArraySerializer());
                var consumer = new KafkaConsumer<>(
                        with(ConsumerConfig.ISOLATION_LEVEL_CONFIG, "read_committed"),
                        new ByteArrayDeserializer(),
                        new ByteArrayDeserializer())) {
            execute(connection, TABLES);
            connection.setAutoCommit(false);
            try (PGReplicationStream log = log(replication)) {
                producer.initTransactions();
                var partition = new TopicPartition(NAME, 0);
                consumer.assign(List.of(partition));
                consumer.seek(partition, 0);
                long start = System.nanoTime();
                for (int i = 0; i < warmUp + rounds; i++) {
                    LockSupport.parkNanos(start + i * 1_000_000_000L / rate - System.nanoTime());
                    Map<Stage, Long> round = round(connection, log, producer, consumer);
                    if (i >= warmUp) {
                        measured.add(round);
                    }
                }
            }
        }
        return measured;
    }

    private static Map<Stage, Long> round(
            Connection connection,
            PGReplicationStream log,
            KafkaProducer<byte[], byte[]> producer,
            KafkaConsumer<byte[], byte[]> consumer)
            throws SQLException {
        Map<Stage, Long> round = new EnumMap<>(Stage.class);
        long begun = System.nanoTime();
        transaction(connection, ORDER);
        begun = lap(round, Stage.COMMIT, begun);
        awaitInsert(log);
        begun = lap(round, Stage.LOG, begun);
        producer.beginTransaction();
        var _ = producer.send(new ProducerRecord<>(NAME, PAYLOAD.getBytes(StandardCharsets.UTF_8)));
        producer.commitTransaction();
        while (consumer.poll(LIMIT).isEmpty()) {
            // only a transaction marker
        }
        begun = lap(round, Stage.TOPIC, begun);
        transaction(connection, UPSERT);
        lap(round, Stage.APPLY, begun);
        return round;
    }

    private Map<String, Object> with(String property, String value) {
        Map<String, Object> properties = new HashMap<>(kafka);
        properties.put(property, value);
        return properties;
    }

    private static PGReplicationStream log(Connection replication) throws SQLException {
        var api = replication.unwrap(PGConnection.class).getReplicationAPI();
        api.createReplicationSlot()
                .logical()
                .withSlotName(NAME)
                .withOutputPlugin("pgoutput")
                .withTemporaryOption()
                .make();
        return api.replicationStream()
                .logical()
                .withSlotName(NAME)
                .withSlotOption("proto_version", 1)
                .withSlotOption("publication_names", NAME)
                .start();
    }

    private static void transaction(Connection connection, List<String> statements) throws SQLException {
        UUID id = UUID.randomUUID();
        for (String sql : statements) {
            try (PreparedStatement statement = connection.prepareStatement(sql)) {
                if (sql.contains("?")) {
                    statement.setObject(1, id);
                }
                statement.execute();
            }
        }
        connection.commit();
    }

    private static void awaitInsert(PGReplicationStream log) throws SQLException {
        ByteBuffer message;
        do { // the beginning or the end of a transaction, or a table's definition
            message = log.read();
        } while (message == null || message.get() != INSERT);
        log.setAppliedLSN(log.getLastReceiveLSN());
        log.setFlushedLSN(log.getLastReceiveLSN());
    }

    private static long lap(Map<Stage, Long> round, Stage stage, long begun) {
        long now = System.nanoTime();
        round.put(stage, now - begun);
        return now;
    }
}
