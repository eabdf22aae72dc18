package dev.afterimage.cli;

import static dev.afterimage.cli.TestPipeline.LIMIT;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.afterimage.cli.TestPipeline.Run;
import dev.afterimage.stack.Connectors;
import dev.afterimage.stack.SchemaRegistry;
import dev.afterimage.stack.StackConfig;
import dev.afterimage.testing.Database;
import dev.afterimage.testing.TestSize;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** Tests commands on tables and topics outside the shop, with a real Debezium, JDBC sink and schema registry. */
@ExtendWith(TestPipeline.Shared.class)
class CaptureIT {

    private static final ObjectMapper JSON = new ObjectMapper();
    private static final String RECORDS = Integer.toString(TestSize.of(1_000, 3_000));
    private static final String DATABASE = "capture";

    private final TestPipeline pipeline;
    private final StackConfig config;
    private final Connectors connectors;
    private final Database database;
    private final Set<String> before = new HashSet<>();

    private Run last = new Run(0, "", "");

    @TempDir
    Path folder;

    CaptureIT(TestPipeline pipeline) throws Exception {
        this.pipeline = pipeline;
        this.config = pipeline.stack();
        this.connectors = pipeline.connect().connectors();
        this.database = pipeline.database(DATABASE);
        before.addAll(connectors.names());
        pipeline.database("postgres").execute("create database " + DATABASE);
    }

    @AfterEach
    void leaveNothing() throws Exception {
        Set<String> made = new HashSet<>(connectors.names());
        made.removeAll(before);
        for (String connector : made) {
            connectors.delete(connector);
        }
        try (Admin admin = pipeline.kafka().admin()) {
            // no test reads the rest of their records
            admin.deleteTopics(admin.listTopics().names().get().stream()
                            .filter(topic -> Stream.of("simulated.", "teas.", "kept.", "drinks.", "unreadable")
                                    .anyMatch(topic::startsWith))
                            .toList())
                    .all()
                    .get();
        }
        await().atMost(LIMIT)
                .ignoreExceptionsMatching(e -> e instanceof AssertionError) // the slot is still in use for a moment
                .until(() -> {
                    database.execute("select pg_drop_replication_slot(slot_name) from pg_replication_slots"
                            + " where database = '" + DATABASE + "'");
                    pipeline.database("postgres").execute("drop database " + DATABASE + " with (force)");
                    return true;
                });
        pipeline.database("replica").execute("drop table if exists simulated_orders");
    }

    @Test
    void setupAsksBeforeItCapturesATableWithoutTheOldRow() throws Exception {
        database.execute("create table keyed (id int primary key)", "insert into keyed values (1)");
        assertThat(setUp("kept", "--table", "keyed,other")).isEqualTo(1);
        assertThat(last.err()).contains("Nothing was done. Table public.keyed has a key", "--replica-identity full");
        assertThat(database.number("select count(*) from pg_publication")).isZero();
        assertThat(database.number("select count(*) from pg_class where relname = 'other'"))
                .isZero();

        assertThat(setUp("kept", "--table", "keyed", "--replica-identity", "keep"))
                .as(last.err())
                .isZero();
        assertThat(database.number("select count(*) from pg_class where relname = 'keyed' and relreplident = 'd'"))
                .isOne();
        database.execute("truncate keyed");
        assertThat(watch("kept.public.keyed", "--from-beginning", "--op", "t", "--max", "1"))
                .isZero();
        assertThat(last.out()).contains("t kept.public.keyed", "truncate: every row is gone");
        String kafka = "--kafka-port=" + config.kafkaPort();
        assertThat(run("view", "--once", "kept.public.keyed", "--home=target/nowhere", kafka))
                .isZero();
        assertThat(last.out()).containsPattern("keyed +0 +1 +0 +0 +0");

        assertThat(run("connectors", "stop", "kept")).isZero();
        assertThat(connectors.status("kept").orElseThrow().state()).isEqualTo("STOPPED");
        assertThat(run("connectors", "delete", "kept")).isZero();
        assertThat(last.err()).contains("select pg_drop_replication_slot('kept')", "drop publication kept");
        assertThat(database.number("select count(*) from pg_publication")).isOne();
    }

    @Test
    void aResetLeavesAConnectorAsItWasAndItsNewSlotKeepsWhatHappensThen() throws Exception {
        assertThat(setUp("drinks", "--table", "drinks", "--home", "target/nowhere"))
                .as(last.err())
                .isZero();
        assertThat(last.out())
                .endsWith("infra/afterimage watch drinks.public.drinks --from-beginning --home "
                        + Path.of("target/nowhere").toAbsolutePath() + "\n");
        for (String state : List.of("paused", "stopped")) {
            assertThat(run("connectors", state.equals("paused") ? "pause" : "stop", "drinks"))
                    .isZero();
            assertThat(run("connectors", "reset", "drinks", "--postgres-port", Integer.toString(config.postgresPort())))
                    .as(last.err())
                    .isZero();
            assertThat(last.out())
                    .contains("Connector drinks reads from a new slot drinks, begun at ")
                    .contains("It is " + state + " again: infra/afterimage connectors resume drinks\n")
                    .contains("infra/README.md, When something breaks");
            assertThat(connectors.status("drinks").orElseThrow().state()).isEqualToIgnoringCase(state);
        }
        database.execute("insert into drinks (name, email) values ('Tea', 'tea@example.com')");
        assertThat(run("connectors", "resume", "drinks")).isZero();
        assertThat(watch("drinks.public.drinks", "--from-beginning", "--op", "c", "--max", "1"))
                .isZero();
        assertThat(last.out()).contains("name \"Tea\"");
        assertThat(run("connectors", "delete", "drinks")).isZero();
        assertThat(last.err()).contains("These topics stay: __debezium-heartbeat.drinks, drinks.public.drinks.\n");
    }

    private int setUp(String name, String... more) {
        return run(Stream.concat(
                        Stream.of(
                                "connectors",
                                "setup",
                                name,
                                "--host",
                                "127.0.0.1",
                                "--port",
                                Integer.toString(config.postgresPort()),
                                "--database",
                                DATABASE,
                                "--user",
                                "postgres"),
                        Stream.of(more))
                .toArray(String[]::new));
    }

    @Test
    void aSimulatedTableWithAnEvolvingSchemaIsTheSameInTheReplica() throws Exception {
        assertThat(simulate("--records", "100", "--batches", "2", "--publication", "simulated"))
                .as(last.err())
                .isZero();
        connectors.apply("simulated", source("simulated", "public.simulated_orders"));
        ObjectNode sink = shopsOwn("replica-sink");
        sink.put("topics", "simulated.public.simulated_orders").put("transforms.table.regex", ".*\\.(.*)");
        connectors.apply("simulated-sink", sink);

        assertThat(simulate("--records", RECORDS, "--batches", "150", "--evolve-every", "5", "--json"))
                .as(last.err())
                .isZero();

        JsonNode changes = JSON.readTree(last.out()).path("schemaChanges");
        assertThat(changes).hasSize(30).anyMatch(change -> !change.path("added").asBoolean());
        String columns = database.value("""
                select string_agg(quote_ident(column_name), ', ') from information_schema.columns
                 where table_name = 'simulated_orders'""");
        String query = "select " + columns + " from simulated_orders order by id";
        await().atMost(LIMIT).ignoreExceptions().untilAsserted(() -> assertThat(
                        pipeline.database("replica").rows(query))
                .hasSizeGreaterThan(Integer.parseInt(RECORDS) / 3)
                .isEqualTo(database.rows(query)));
    }

    @Test
    void avroIsShownByTheSchemaThatItsRegistryHas() throws Exception {
        StackConfig withRegistry = new StackConfig(
                folder,
                config.postgresPort(),
                config.kafkaPort(),
                config.controllerPort(),
                config.connectPort(),
                StackConfig.freePorts(1).getFirst());
        try (SchemaRegistry _ = SchemaRegistry.start(withRegistry)) {
            avroIsShown(withRegistry);
        }
    }

    private void avroIsShown(StackConfig config) throws Exception {
        try (Connection connection = database.connect();
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
                    .forEach(setting -> source.put(
                            setting.getKey(),
                            setting.getValue()
                                    .asText()
                                    .replace(
                                            "${env:SCHEMA_REGISTRY_URL}",
                                            config.registryApi().toString()))));
            source.put("value.converter.apicurio.registry.dereference-schema", "true");
            connectors.apply("teas", source);
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
                .as(last.err())
                .isZero();
        List<JsonNode> events = last.out().lines().map(CaptureIT::parse).toList();
        assertThat(events).extracting(event -> event.path("op").asText()).containsExactly("r", "u", "d", "tombstone");
        assertThat(events).extracting(event -> event.path("key").asText()).containsOnly("1");
        assertThat(last.out()).contains("\"after\":{\"id\":1,\"name\":\"Darjeeling\",\"price\":5.00,\"picked\":20574}");
        assertThat(events.get(2).path("before")).isEqualTo(events.get(1).path("after"));

        assertThat(watch(topic, "--no-follow", "--from-beginning")).isZero();
        Matcher number = Pattern.compile("not text: .* of schema (\\d+) of a registry \\(--registry\\): 00 ")
                .matcher(last.out());
        assertThat(number.find()).as(last.out()).isTrue();
        int schema = Integer.parseInt(number.group(1));

        produce(topic, new byte[] {0, 0, 1, 0, 0, 2});
        // a schema that exists, and a text whose length says two gigabytes
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
        assertThat(last.out())
                .contains("tombstone", "not text: 6 bytes, of schema 65536, which " + api + " does not have")
                .contains("not text: 12 bytes, not of schema " + schema + " of " + api);

        String nobody = "http://127.0.0.1:" + StackConfig.freePorts(1).getFirst();
        assertThat(watch(topic, "--no-follow", "--from-beginning", "--registry", nobody))
                .isZero();
        assertThat(last.out()).contains("of schema " + schema + "; no answer from " + nobody);
    }

    private void produce(String topic, byte[] value) throws Exception {
        try (KafkaProducer<byte[], byte[]> producer = new KafkaProducer<>(
                Map.of("bootstrap.servers", pipeline.kafka().bootstrapServers()),
                new ByteArraySerializer(),
                new ByteArraySerializer())) {
            producer.send(new ProducerRecord<>(topic, value)).get();
        }
    }

    @Test
    void whyAConnectorFailedIsSaidInOneLineAndInFull() throws Exception {
        try (Admin admin = pipeline.kafka().admin()) {
            admin.createTopics(List.of(new NewTopic("unreadable", 1, (short) 1)))
                    .all()
                    .get();
        }
        produce("unreadable", "{ this is no JSON".getBytes(StandardCharsets.UTF_8));
        ObjectNode sink = shopsOwn("replica-sink");
        sink.put("topics", "unreadable").put("errors.tolerance", "none");
        Path file = Files.writeString(folder.resolve("unreadable.json"), sink.toString());
        assertThat(run("connectors", "validate", file.toString())).isZero();
        assertThat(last.out()).contains("unreadable is valid.");
        assertThat(run("connectors", "apply", file.toString())).as(last.err()).isZero();
        await().atMost(LIMIT).until(() -> run("connectors", "status", "unreadable") == 1);
        assertThat(last.out())
                .containsPattern("unreadable +sink +RUNNING +FAILED +.*Unexpected character")
                .contains("\tat org.apache.kafka.connect");
        assertThat(run("connectors", "list", "--json")).isZero();
        assertThat(parse(last.out())
                        .valueStream()
                        .filter(each -> each.path("name").asText().equals("unreadable"))
                        .findFirst())
                .get()
                .satisfies(each -> assertThat(each.path("failure").asText()).contains("Unexpected character"));
        assertThat(run("connectors", "delete", "unreadable")).isZero();
        assertThat(run("connectors", "pause", "unreadable")).isEqualTo(1);
        assertThat(last.err())
                .contains("There is no connector unreadable; there are ")
                .hasLineCount(1);
        assertThat(run("connectors", "apply", "nowhere.json")).isEqualTo(1);
        assertThat(last.err()).contains("There is no file nowhere.json.").hasLineCount(1);
    }

    /**
     * The shop's connector with its converters and settings, which reads another table by a slot and a publication of
     * this name.
     */
    private static ObjectNode source(String name, String table) throws IOException {
        return shopsOwn("source-tables")
                .put("database.dbname", DATABASE)
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
                                DATABASE,
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

    private int run(String... arguments) {
        List<String> all = new ArrayList<>(List.of(arguments));
        if (arguments[0].equals("connectors")) {
            all.addAll(List.of("--connect-port", Integer.toString(config.connectPort())));
        }
        last = TestPipeline.execute(all.toArray(String[]::new));
        return last.code();
    }
}
