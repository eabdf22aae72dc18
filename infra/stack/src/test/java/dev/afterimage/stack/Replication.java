package dev.afterimage.stack;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
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

/** The shop's tables as the order-service's migrations make them, and the two connectors that replicate them; one for all tests. */
final class Replication {

    static final Duration LIMIT = Duration.ofSeconds(30);
    static final String CUSTOMER = "0199f2a4-0000-7000-8000-000000000001";

    private static final Path MIGRATIONS = Path.of("../../order-service/src/main/resources/db/migration");
    private static final ObjectMapper JSON = new ObjectMapper();

    private final StackConfig config;
    private final Postgres postgres;
    private final KafkaBroker kafka;
    private final ConnectWorker connect;

    private Replication(StackConfig config) {
        this.config = config;
        postgres = Postgres.start(config);
        kafka = KafkaBroker.start(config);
        connect = ConnectWorker.start(config);
    }

    /** Started by the first who asks, stopped with the JVM. */
    static Replication shared() {
        return Shared.REPLICATION;
    }

    private static final class Shared {
        static final Replication REPLICATION = start(Path.of("target/replica"));
    }

    private static Replication start(Path home) {
        try {
            Folders.delete(home);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        Replication replication = new Replication(StackConfig.onFreePorts(home));
        replication.migrate();
        replication.source("""
                insert into customers values
                    ('%s', 'Ada Lovelace', 'ada@example.com', '2026-01-01T00:00:00.123456Z', '2026-01-01Z', 1)
                """.formatted(CUSTOMER));
        for (String connector : List.of("replica-sink", "source-tables")) {
            replication.connectors().apply(Connectors.folder().resolve(connector + ".json"));
        }
        return replication;
    }

    private void migrate() {
        try (Stream<Path> files = Files.list(MIGRATIONS);
                Connection owner = connect("orders", "orders_owner");
                Statement statement = owner.createStatement()) {
            for (Path migration : files.sorted().toList()) {
                statement.execute(Files.readString(migration));
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (SQLException e) {
            throw new AssertionError(e);
        }
    }

    Connectors connectors() {
        return connect.connectors();
    }

    /** The connector stands still from now on, until {@link #resume}. */
    void pause(String connector) {
        ask(connector, "pause");
        await().atMost(LIMIT).until(() -> states(connector).equals(List.of("PAUSED")));
    }

    void resume(String connector) {
        ask(connector, "resume");
    }

    private void ask(String connector, String what) {
        URI address = URI.create(
                "http://" + StackConfig.HOST + ":" + config.connectPort() + "/connectors/" + connector + "/" + what);
        try (HttpClient http = HttpClient.newHttpClient()) {
            HttpRequest request = HttpRequest.newBuilder(address)
                    .PUT(HttpRequest.BodyPublishers.noBody())
                    .build();
            assertThat(http.send(request, HttpResponse.BodyHandlers.discarding())
                            .statusCode())
                    .isEqualTo(202);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    List<String> states(String connector) throws IOException {
        return connectors().status(connector).map(Connectors.Status::states).orElse(List.of());
    }

    String bootstrapServers() {
        return kafka.bootstrapServers();
    }

    /** As one of the roles, whose password is its name here. */
    Connection connect(String database, String role) throws SQLException {
        return DriverManager.getConnection(postgres.jdbcUrl(database), role, role);
    }

    void source(String sql) {
        execute("orders", sql);
    }

    void replica(String sql) {
        execute("replica", sql);
    }

    private void execute(String database, String sql) {
        try (Connection connection = postgres.connect(database);
                Statement statement = connection.createStatement()) {
            statement.execute(sql);
        } catch (SQLException e) {
            throw new AssertionError(sql, e);
        }
    }

    List<String> sourceRows(String query) {
        return rows("orders", query);
    }

    List<String> replicaRows(String query) {
        return rows("replica", query);
    }

    private List<String> rows(String database, String query) {
        try (Connection connection = postgres.connect(database);
                Statement statement = connection.createStatement();
                ResultSet result = statement.executeQuery(query)) {
            List<String> rows = new ArrayList<>();
            while (result.next()) {
                List<String> row = new ArrayList<>();
                for (int column = 1; column <= result.getMetaData().getColumnCount(); column++) {
                    row.add(String.valueOf(result.getString(column)));
                }
                rows.add(String.join(" | ", row));
            }
            return rows;
        } catch (SQLException e) {
            throw new AssertionError(query, e);
        }
    }

    /** Waits until the query has the same rows in both databases; there must be some. */
    void awaitSame(String query) {
        await().atMost(LIMIT).untilAsserted(() -> {
            List<String> wanted = sourceRows(query);
            assertThat(wanted).isNotEmpty();
            assertThat(replicaRows(query)).isEqualTo(wanted);
        });
    }

    /** Waits until the query has these rows in the replica, or none. */
    void awaitReplica(String query, String... rows) {
        await().atMost(LIMIT).untilAsserted(() -> assertThat(replicaRows(query)).containsExactly(rows));
    }

    void newProduct(String id, String sku) {
        source("insert into products (id, sku, name, price, created_at, updated_at, version)"
                + " values ('%s', '%s', 'Difference Engine', 12.50, now(), now(), 1)".formatted(id, sku));
    }

    /** The committed records of a topic whose key holds the text, in order. */
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

    /** The change that a record of a table's topic tells, without its schema. */
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
