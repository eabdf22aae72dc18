package dev.afterimage.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.afterimage.stack.ConnectWorker;
import dev.afterimage.stack.Connectors;
import dev.afterimage.stack.KafkaBroker;
import dev.afterimage.stack.Postgres;
import dev.afterimage.stack.SchemaRegistry;
import dev.afterimage.stack.StackConfig;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Commands on tables and topics that are not the shop's, with a real Debezium, JDBC sink and schema registry. */
class CaptureIT {

    private static final ObjectMapper JSON = new ObjectMapper();
    private static final Duration LIMIT = Duration.ofSeconds(60);

    @TempDir
    private static Path home;

    private static StackConfig config;
    private static Postgres postgres;
    private static KafkaBroker kafka;
    private static ConnectWorker connect;
    private static SchemaRegistry registry;

    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();

    @BeforeAll
    static void start() {
        config = StackConfig.onFreePorts(home);
        var registryUp = CompletableFuture.supplyAsync(
                () -> SchemaRegistry.start(config), task -> Thread.ofPlatform().start(task));
        postgres = Postgres.start(config);
        kafka = KafkaBroker.start(config);
        connect = ConnectWorker.start(config);
        registry = registryUp.join();
    }

    @AfterAll
    static void stop() {
        connect.close();
        registry.close();
        kafka.close();
        postgres.close();
    }

    @Test
    void aSimulatedTableWithAnEvolvingSchemaIsTheSameInTheReplica() throws Exception {
        assertThat(simulate("--records", "100", "--batches", "2", "--publication", "simulated"))
                .as(err.toString())
                .isZero();
        connect.connectors()
                .apply(
                        "simulated",
                        source("simulated", "public.simulated_orders").toString());
        ObjectNode sink = shopsOwn("replica-sink");
        sink.put("topics", "simulated.public.simulated_orders").put("transforms.table.regex", ".*\\.(.*)");
        connect.connectors().apply("simulated-sink", sink.toString());

        assertThat(simulate("--records", "3000", "--batches", "150", "--evolve-every", "5", "--json"))
                .as(err.toString())
                .isZero();

        JsonNode changes = JSON.readTree(out.toString()).path("schemaChanges");
        assertThat(changes).hasSize(30).anyMatch(change -> !change.path("added").asBoolean());
        String columns = rows("orders", """
                select string_agg(quote_ident(column_name), ', ') from information_schema.columns
                 where table_name = 'simulated_orders'""").getFirst();
        String query = "select " + columns + " from simulated_orders order by id";
        await().atMost(LIMIT).ignoreExceptions().untilAsserted(() -> assertThat(rows("replica", query))
                .hasSizeGreaterThan(1_000)
                .isEqualTo(rows("orders", query)));
    }

    @Test
    void avroIsShownByTheSchemaThatItsRegistryHas() throws Exception {
        try (Connection connection = postgres.connect("orders");
                Statement statement = connection.createStatement()) {
            statement.execute("""
                    create table teas (id integer primary key, name text not null, price numeric(10, 2), picked date);
                    alter table teas replica identity full;
                    create publication teas for table teas;
                    insert into teas values (1, 'Assam', 4.10, '2026-05-01')""");
            ObjectNode source = source("teas", "public.teas");
            source.put("schema.name.adjustment.mode", "avro").put("decimal.handling.mode", "precise");
            JsonNode recipe = read(Connectors.folder().resolve("recipes/avro.json"));
            Stream.of("key.converter", "value.converter").forEach(converter -> recipe.properties().stream()
                    .filter(setting -> setting.getKey().startsWith(converter))
                    .forEach(setting -> source.set(setting.getKey(), setting.getValue())));
            source.put("value.converter.apicurio.registry.dereference-schema", "true");
            connect.connectors().apply("teas", source.toString());
            await().atMost(LIMIT).until(() -> watch("teas.public.teas", "--last", "1", "--no-follow") == 0);
            statement.execute("update teas set name = 'Darjeeling', price = 5.00");
            statement.execute("delete from teas");
        }
        String topic = "teas.public.teas";
        assertThat(watch(
                        topic,
                        "--from-beginning",
                        "--max",
                        "4",
                        "--json",
                        "--registry-port",
                        Integer.toString(config.registryPort())))
                .as(err.toString())
                .isZero();
        List<JsonNode> events = out.toString().lines().map(CaptureIT::parse).toList();
        assertThat(events).extracting(event -> event.path("op").asText()).containsExactly("r", "u", "d", "tombstone");
        assertThat(events).extracting(event -> event.path("key").asText()).containsOnly("1");
        assertThat(out.toString())
                .contains("\"after\":{\"id\":1,\"name\":\"Darjeeling\",\"price\":5.00,\"picked\":20574}");
        assertThat(events.get(2).path("before")).isEqualTo(events.get(1).path("after"));

        assertThat(watch(topic, "--no-follow", "--from-beginning")).isZero();
        Matcher number = Pattern.compile("not text: .* of schema (\\d+) of a registry \\(--registry\\): 00 ")
                .matcher(out.toString());
        assertThat(number.find()).as(out.toString()).isTrue();
        int schema = Integer.parseInt(number.group(1));

        produce(topic, new byte[] {0, 0, 1, 0, 0, 2});
        // a schema that there is, and a text that says it is two gigabytes long
        produce(topic, new byte[] {0, 0, 0, 0, (byte) schema, 2, 2, -2, -1, -1, -1, 15});
        assertThat(watch(
                        topic,
                        "--last",
                        "3",
                        "--no-follow",
                        "--registry-port",
                        Integer.toString(config.registryPort())))
                .isZero();
        String api = "http://127.0.0.1:" + config.registryPort() + "/apis/ccompat/v7";
        assertThat(out.toString())
                .contains("tombstone", "not text: 6 bytes, of schema 65536, which " + api + " does not have")
                .contains("not text: 12 bytes, not of schema " + schema + " of " + api);

        String nobody = "http://127.0.0.1:" + StackConfig.freePorts(1).getFirst();
        assertThat(watch(topic, "--no-follow", "--from-beginning", "--registry", nobody))
                .isZero();
        assertThat(out.toString()).contains("of schema " + schema + "; no answer from " + nobody);
    }

    private static void produce(String topic, byte[] value) throws Exception {
        try (KafkaProducer<byte[], byte[]> producer = new KafkaProducer<>(
                Map.of("bootstrap.servers", kafka.bootstrapServers()),
                new ByteArraySerializer(),
                new ByteArraySerializer())) {
            producer.send(new ProducerRecord<>(topic, value)).get();
        }
    }

    @Test
    void whyAConnectorFailedIsSaidInOneLineAndInFull() throws Exception {
        try (Admin admin = kafka.admin()) {
            admin.createTopics(List.of(new NewTopic("unreadable", 1, (short) 1)))
                    .all()
                    .get();
        }
        produce("unreadable", "{ this is no JSON".getBytes(StandardCharsets.UTF_8));
        ObjectNode sink = shopsOwn("replica-sink");
        sink.put("topics", "unreadable").put("errors.tolerance", "none");
        Path file = Files.writeString(home.resolve("unreadable.json"), sink.toString());
        assertThat(run("connectors", "validate", file.toString())).isZero();
        assertThat(out.toString()).contains("unreadable is valid.");
        assertThat(run("connectors", "apply", file.toString()))
                .as(err.toString())
                .isZero();
        await().atMost(LIMIT).until(() -> run("connectors", "status", "unreadable") == 1);
        assertThat(out.toString())
                .containsPattern("unreadable +sink +RUNNING +FAILED +.*Unexpected character")
                .contains("\tat org.apache.kafka.connect");
        assertThat(run("connectors", "list", "--json")).isZero();
        assertThat(parse(out.toString())
                        .valueStream()
                        .filter(each -> each.path("name").asText().equals("unreadable"))
                        .findFirst())
                .get()
                .satisfies(each -> assertThat(each.path("failure").asText()).contains("Unexpected character"));
        assertThat(run("connectors", "delete", "unreadable")).isZero();
        assertThat(run("connectors", "pause", "unreadable")).isEqualTo(1);
        assertThat(err.toString()).contains("Connect refuses unreadable").hasLineCount(1);
        assertThat(run("connectors", "apply", "nowhere.json")).isEqualTo(1);
        assertThat(err.toString()).contains("There is no file nowhere.json.").hasLineCount(1);
    }

    /** The shop's connector with its converters and settings, reading other tables by a slot and publication of that name. */
    private static ObjectNode source(String name, String table) throws IOException {
        return shopsOwn("source-tables")
                .put("database.user", "postgres")
                .put("database.password", "postgres")
                .put("topic.prefix", name)
                .put("slot.name", name)
                .put("publication.name", name)
                .put("table.include.list", table)
                .put("topic.creation.default.partitions", "1")
                .put("topic.creation.default.replication.factor", "1");
    }

    private static ObjectNode shopsOwn(String connector) throws IOException {
        return (ObjectNode) read(Connectors.folder().resolve(connector + ".json"));
    }

    private static JsonNode read(Path file) throws IOException {
        return JSON.readTree(file.toFile());
    }

    private static JsonNode parse(String json) {
        try {
            return JSON.readTree(json);
        } catch (IOException e) {
            throw new AssertionError(json, e);
        }
    }

    private int simulate(String... more) {
        return run(Stream.concat(
                        Stream.of(
                                "simulate",
                                "--skip-setup",
                                "--host",
                                "127.0.0.1",
                                "--port",
                                Integer.toString(config.postgresPort()),
                                "--database",
                                "orders",
                                "--user",
                                "postgres"),
                        Stream.of(more))
                .toArray(String[]::new));
    }

    private int watch(String topic, String... more) {
        return run(Stream.concat(
                        Stream.of(
                                "watch",
                                topic,
                                "--home",
                                "target/nowhere",
                                "--kafka-port",
                                Integer.toString(config.kafkaPort())),
                        Stream.of(more))
                .toArray(String[]::new));
    }

    /** Both outputs are those of this run alone. */
    private int run(String... arguments) {
        out.getBuffer().setLength(0);
        err.getBuffer().setLength(0);
        List<String> all = new ArrayList<>(List.of(arguments));
        if (arguments[0].equals("connectors")) {
            all.addAll(List.of("--connect-port", Integer.toString(config.connectPort())));
        }
        return Afterimage.commandLine()
                .setOut(new PrintWriter(out))
                .setErr(new PrintWriter(err))
                .execute(all.toArray(String[]::new));
    }

    private static List<String> rows(String database, String query) throws SQLException {
        return Rows.of(postgres, database, query);
    }
}
