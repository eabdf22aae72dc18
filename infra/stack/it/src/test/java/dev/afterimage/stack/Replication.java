package dev.afterimage.stack;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.afterimage.testing.Database;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.serialization.StringDeserializer;

/**
 * The tables that order-service's migrations create, and the two connectors that replicate them; shared by all tests.
 */
final class Replication {

    static final Duration LIMIT = Duration.ofSeconds(60);
    static final String CUSTOMER = "0199f2a4-0000-7000-8000-000000000001";
    /** A customer that no test changes. */
    static final String BYSTANDER = "0199f2a4-0000-7000-8000-000000000002";

    private static final ObjectMapper JSON = new ObjectMapper();

    private final Servers servers = Servers.shared();
    private final Connection source = servers.database("orders").connect();
    private final Connection replica = servers.database("replica").connect();

    private Replication() {}

    /** Creates the tables and connectors at the first call. */
    static Replication shared() {
        return Shared.REPLICATION;
    }

    private static final class Shared {
        static final Replication REPLICATION = start();
    }

    private static Replication start() {
        Replication replication = new Replication();
        replication.servers.migrate("orders");
        replication.source("""
                insert into customers values
                    ('%s', 'Ada Lovelace', 'ada@example.com', '2026-01-01T00:00:00.123456Z', '2026-01-01Z', 1),
                    ('%s', 'Charles Babbage', 'charles@example.com', '2026-01-01T00:00:00.123456Z', '2026-01-01Z', 1)
                """.formatted(CUSTOMER, BYSTANDER));
        Stream.of("replica-sink", "source-tables").parallel().forEach(connector -> replication
                .connectors()
                .apply(Connectors.folder().resolve(connector + ".json")));
        return replication;
    }

    Connectors connectors() {
        return servers.connect().connectors();
    }

    List<String> states(String connector) throws IOException {
        return connectors().status(connector).map(ConnectorStatus::tasks).orElse(List.of());
    }

    String bootstrapServers() {
        return servers.kafka().bootstrapServers();
    }

    Connection connect(String database, String role) throws SQLException {
        return servers.connect(database, role);
    }

    void source(String sql) {
        servers.database("orders").execute(sql);
    }

    void replica(String sql) {
        servers.database("replica").execute(sql);
    }

    List<String> sourceRows(String query) {
        return Database.rows(source, query);
    }

    List<String> replicaRows(String query) {
        return Database.rows(replica, query);
    }

    /** Waits until the query has the same rows in both databases, at least one. */
    void awaitSame(String query) {
        await().atMost(LIMIT).untilAsserted(() -> {
            List<String> wanted = sourceRows(query);
            assertThat(wanted).isNotEmpty();
            assertThat(replicaRows(query)).isEqualTo(wanted);
        });
    }

    /** Waits until the query has exactly these rows in the replica; without rows, until it has none. */
    void awaitReplica(String query, String... rows) {
        await().atMost(LIMIT).untilAsserted(() -> assertThat(replicaRows(query)).containsExactly(rows));
    }

    void newProduct(String id, String sku) {
        source("insert into products (id, sku, name, price, created_at, updated_at, version)"
                + " values ('%s', '%s', 'Difference Engine', 12.50, now(), now(), 1)".formatted(id, sku));
    }

    /** The committed records of a topic whose key contains the text, in order. */
    List<ConsumerRecord<String, String>> records(String topic, String key) {
        try (KafkaConsumer<String, String> consumer = new KafkaConsumer<>(
                Map.of("bootstrap.servers", bootstrapServers(), "isolation.level", "read_committed"),
                new StringDeserializer(),
                new StringDeserializer())) {
            TopicPartition partition = new TopicPartition(topic, 0);
            consumer.assign(List.of(partition));
            consumer.seekToBeginning(List.of(partition));
            long end = consumer.endOffsets(List.of(partition)).getOrDefault(partition, 0L);
            List<ConsumerRecord<String, String>> records = new ArrayList<>();
            while (consumer.position(partition) < end) {
                consumer.poll(Duration.ofMillis(200)).forEach(record -> {
                    if (String.valueOf(record.key()).contains(key)) {
                        records.add(record);
                    }
                });
            }
            return records;
        }
    }

    /** The change in a record of a table's topic, without its schema. */
    static JsonNode change(ConsumerRecord<String, String> record) {
        try {
            return JSON.readTree(record.value()).path("payload");
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static String header(ConsumerRecord<?, ?> record, String name) {
        Header header = record.headers().lastHeader(name);
        return header == null ? "" : new String(header.value(), StandardCharsets.UTF_8);
    }
}
