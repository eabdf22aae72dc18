package dev.afterimage.stack;

import static java.util.stream.Collectors.groupingBy;
import static java.util.stream.Collectors.mapping;
import static java.util.stream.Collectors.toList;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.afterimage.testing.Database;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.Statement;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Predicate;
import java.util.stream.Stream;
import org.apache.avro.Schema;
import org.apache.avro.generic.GenericDatumReader;
import org.apache.avro.generic.GenericRecord;
import org.apache.avro.io.DecoderFactory;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.BytesDeserializer;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;
import org.apache.kafka.common.utils.Bytes;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Applies each recipe to a real worker, and checks on its topic what connectors/README.md says. */
class RecipesIT {

    private static final String DATABASE = "recipes";
    private static final Duration LIMIT = Duration.ofSeconds(60);
    private static final Path RECIPES = Connectors.folder().resolve("recipes");
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final Set<String> APPLIED = ConcurrentHashMap.newKeySet();

    private static Servers servers;
    private static Database shop;

    @BeforeAll
    static void prepare() throws Exception {
        servers = Servers.shared();
        servers.database("postgres").execute("create database " + DATABASE + " owner orders_owner");
        servers.migrate(DATABASE);
        new Database(servers.postgres().jdbcUrl(DATABASE), "orders_owner", "orders_owner")
                .execute(Files.readString(RECIPES.resolve("prepare.sql")));
        shop = servers.database(DATABASE);
    }

    @AfterAll
    static void everyRecipeWasApplied() throws Exception {
        try (Stream<Path> files = Files.list(RECIPES)) {
            assertThat(files.filter(file -> file.toString().endsWith(".json")).map(Connectors::name))
                    .containsExactlyInAnyOrderElementsOf(APPLIED);
        }
    }

    @Test
    void cancelledOrdersArriveFlatAndAlone() throws Exception {
        String kept = order("PENDING");
        String cancelledBefore = order("CANCELLED");
        Instant began = Instant.now();
        try (Recipe recipe = Recipe.apply("cancelled-orders")) {
            shop.execute("update orders set status = 'PAID', version = 2 where id = '%s'".formatted(kept));
            String cancelled = order("PENDING");
            shop.execute("update orders set status = 'CANCELLED', version = 2 where id = '%s'".formatted(cancelled));
            shop.execute("delete from orders where id = '%s'".formatted(cancelled));

            List<Message> messages = of(
                    read(
                            "cdc.cancelled_orders",
                            all -> of(all, cancelledBefore, cancelled).size() >= 3),
                    kept,
                    cancelledBefore,
                    cancelled);

            assertThat(messages).extracting(Message::id).containsExactly(cancelledBefore, cancelled, cancelled);
            assertThat(messages)
                    .extracting(message -> message.json().path("__op").asText())
                    .containsExactly("r", "u", "d");
            assertThat(messages)
                    .extracting(message -> message.json().path("__deleted").asText())
                    .containsExactly("false", "false", "true");
            JsonNode last = messages.getLast().json();
            assertThat(last.path("total").asText()).isEqualTo("4.10");
            assertThat(last.has("before")).isFalse();
            assertThat(last.path("__source_ts_ms").asLong()).isGreaterThanOrEqualTo(began.toEpochMilli());
            assertThat(last.path("__ingested_at").asLong())
                    .isBetween(last.path("__source_ts_ms").asLong(), System.currentTimeMillis());
        }
    }

    /** Shows why the recipe takes the time from Debezium, and not by InsertField as tutorials do. */
    @Test
    void insertFieldFindsNoTimestampInASourceConnector() throws Exception {
        ObjectNode recipe = Recipe.config("cancelled-orders");
        recipe.put("topic.prefix", "recipe_insert_field")
                .put("slot.name", "recipe_insert_field")
                .put("transforms", "flat,cancelled,name,time")
                .put("transforms.name.replacement", "insert_field")
                .put("transforms.time.type", "org.apache.kafka.connect.transforms.InsertField$Value")
                .put("transforms.time.timestamp.field", "inserted_at");
        try (Recipe applied = Recipe.apply("insert-field", recipe)) {
            order("CANCELLED");
            JsonNode value =
                    read("insert_field", all -> !all.isEmpty()).getFirst().json();
            assertThat(value.has("inserted_at")).isTrue();
            assertThat(value.path("inserted_at").isNull()).isTrue();
            assertThat(value.path("__ingested_at").isNumber()).isTrue();
        }
    }

    @Test
    void initialTellsOfTheRowsThatWereThereAndThenOfChanges() throws Exception {
        String before = customer();
        try (Recipe recipe = Recipe.apply("snapshot-initial")) {
            rename(before, "Grace");

            List<Message> messages =
                    read(recipe.topic("customers"), all -> of(all, before).size() >= 2);

            assertThat(of(messages, before)).extracting(Message::op).containsExactly("r", "u");
            assertThat(of(messages, before).getLast().json().at("/after/name").asText())
                    .isEqualTo("Grace");
        }
    }

    @Test
    void initialOnlyCopiesTheRowsWithoutASlotAndThenNothing() throws Exception {
        String before = customer();
        Connectors connectors = servers.connect().connectors();
        connectors.apply(
                "snapshot-initial-only", Recipe.config("snapshot-initial-only").put("database.dbname", DATABASE));
        APPLIED.add("snapshot-initial-only");
        String topic = "recipe_snapshot_initial_only.public.customers";
        read(topic, all -> !of(all, before).isEmpty());
        rename(before, "Grace");
        connectors.restart("snapshot-initial-only");

        assertThat(of(read(topic, all -> !of(all, before).isEmpty()), before))
                .extracting(Message::op)
                .containsExactly("r");
        assertThat(shop.value("select count(*) from pg_replication_slots where slot_name = 'debezium'"))
                .as("Debezium's default name")
                .isEqualTo("0");
        connectors.delete("snapshot-initial-only");
    }

    @Test
    void noDataBeginsWithTheNextChange() throws Exception {
        String before = customer();
        try (Recipe recipe = Recipe.apply("snapshot-no-data")) {
            String after = customer();

            List<Message> messages =
                    read(recipe.topic("customers"), all -> !of(all, after).isEmpty());

            assertThat(of(messages, before)).isEmpty();
            assertThat(of(messages, after)).extracting(Message::op).containsExactly("c");
        }
    }

    @Test
    void whenNeededReadsTheTableAgainOnceItsSlotIsGone() throws Exception {
        String known = customer();
        String topic;
        try (Recipe recipe = Recipe.apply("snapshot-when-needed")) {
            topic = recipe.topic("customers");
            read(topic, all -> of(all, known).size() == 1);
        } // the connector and its slot are gone, its offsets are not
        rename(known, "changed while nobody looked");
        try (Recipe recipe = Recipe.apply("snapshot-when-needed")) {
            List<Message> messages = read(topic, all -> of(all, known).size() >= 2);

            assertThat(of(messages, known)).extracting(Message::op).containsExactly("r", "r");
            assertThat(of(messages, known).getLast().json().at("/after/name").asText())
                    .isEqualTo("changed while nobody looked");
        }
    }

    @Test
    void aRowInTheSignalTableReadsATableAgainWhileChangesGoOn() throws Exception {
        String before = customer();
        try (Recipe recipe = Recipe.apply("incremental-snapshot")) {
            shop.execute(Files.readString(RECIPES.resolve("incremental-snapshot.sql")));
            String meanwhile = customer();

            List<Message> messages = read(
                    recipe.topic("customers"),
                    all -> !of(all, before).isEmpty() && !of(all, meanwhile).isEmpty());

            assertThat(of(messages, before).getFirst().op()).isEqualTo("r");
            assertThat(of(messages, before)
                            .getFirst()
                            .json()
                            .at("/source/snapshot")
                            .asText())
                    .isEqualTo("incremental");
            assertThat(of(messages, meanwhile)).extracting(Message::op).contains("c");
            // Debezium deletes its own watermark rows
            await().untilAsserted(() -> assertThat(shop.value("select string_agg(type, ',') from recipe_signals"))
                    .isEqualTo("execute-snapshot"));
        }
    }

    @Test
    void aSignalOnATopicDoesSoWithoutAWriteToTheSource() throws Exception {
        String before = customer();
        String[] signal = Files.readString(RECIPES.resolve("incremental-snapshot-read-only.txt"))
                .split("\\|", 2);
        try (var admin = servers.kafka().admin()) {
            admin.createTopics(List.of(new NewTopic("recipe_signals", 1, (short) 1)))
                    .all()
                    .get();
        }
        try (Recipe recipe = Recipe.apply("incremental-snapshot-read-only");
                var operator = new KafkaProducer<>(
                        Map.<String, Object>of(
                                "bootstrap.servers", servers.kafka().bootstrapServers()),
                        new StringSerializer(),
                        new StringSerializer())) {
            // the snapshot ends with a change that Debezium sees in the log, so it waits while the source has no
            // changes; when a change comes while the snapshot begins, Debezium may skip the table, and the signal is
            // sent again
            Instant[] asked = {Instant.EPOCH};
            List<Message> messages = read(recipe.topic("customers"), all -> {
                if (asked[0].isBefore(Instant.now().minusSeconds(10))) {
                    asked[0] = Instant.now();
                    var _ = operator.send(new ProducerRecord<>("recipe_signals", signal[0], signal[1]));
                }
                customer();
                return !of(all, before).isEmpty();
            });

            assertThat(of(messages, before)).extracting(Message::op).containsOnly("r");
        }
    }

    @Test
    void outboxRowsBecomeCloudEvents() throws Exception {
        JsonNode placed = JSON.readTree(Connectors.folder()
                        .resolve("contract/order/placed.json")
                        .toFile())
                .path("value");
        String event = UUID.randomUUID().toString();
        String order = UUID.randomUUID().toString();
        try (Recipe recipe = Recipe.apply("outbox-cloudevents")) {
            shop.execute("insert into outbox values ('%s', 'order', '%s', 'OrderPlaced', '%s', now())"
                    .formatted(event, order, placed));
            shop.execute("insert into outbox values ('%s', 'order', '%s', 'OrderDeleted', null, now())"
                    .formatted(UUID.randomUUID(), order));
            shop.execute("delete from outbox");

            List<Message> messages = read("cloudevents.order", all -> all.size() >= 2);

            assertThat(messages).extracting(Message::key).containsExactly(order, order);
            JsonNode cloudEvent = messages.getFirst().json();
            assertThat(cloudEvent.path("specversion").asText()).isEqualTo("1.0");
            assertThat(cloudEvent.path("id").asText()).isEqualTo(event);
            assertThat(cloudEvent.path("type").asText()).isEqualTo("OrderPlaced");
            assertThat(cloudEvent.path("source").asText()).isEqualTo("/debezium/postgresql/" + recipe.slot());
            assertThat(cloudEvent.path("datacontenttype").asText()).isEqualTo("application/json");
            assertThat(Instant.parse(cloudEvent.path("time").asText())).isBefore(Instant.now());
            assertThat(cloudEvent.at("/data/after")).isEqualTo(placed.path("after"));
            // null fields are left out
            assertThat(cloudEvent.path("data").has("before")).isFalse();
            assertThat(messages.getLast().value()).isNull();
        }
    }

    @Test
    void aCompatibleChangeFlowsThroughTheRegistryAndAnotherIsRefused() throws Exception {
        String product = UUID.randomUUID().toString();
        shop.execute("insert into products values ('%s', 'TEA', 'tea', 4.10, now(), now(), 1)".formatted(product));
        try (SchemaRegistry registry = SchemaRegistry.start(servers.config());
                Recipe recipe = Recipe.apply("avro")) {
            String topic = recipe.topic("products");
            Message first = read(topic, all -> all.size() == 1).getFirst();
            assertThat(row(first).get("name")).hasToString("tea");
            int idOfFirst = first.schemaId();

            shop.execute("alter table products add column note text");
            shop.execute("update products set note = 'hot', version = 2 where id = '%s'".formatted(product));
            Message second = read(topic, all -> all.size() == 2).getLast();
            assertThat(row(second).get("note")).hasToString("hot");
            assertThat(second.schemaId()).isNotEqualTo(idOfFirst);

            registry.kill();
            registry.start();
            assertThat(row(first).get("name")).hasToString("tea");

            shop.execute("alter table products drop column sku");
            shop.execute("update products set name = 'cocoa', version = 3 where id = '%s'".formatted(product));
            await().atMost(LIMIT).until(recipe::failed);
            assertThat(servers.connect().connectors().all())
                    .filteredOn(each -> each.name().equals("avro"))
                    .extracting(each -> each.failure().orElse(""))
                    .singleElement()
                    .asString()
                    .startsWith("the schema registry refused the request, its log has the reason");
            assertThat(Files.readString(registry.log()))
                    .containsPattern("Incompatible artifact: " + topic + "-value.*sku at /fields");
            assertThat(read(topic, all -> all.size() == 2)).hasSize(2);

            // undoing the change is not enough: the record that waits has the refused shape
            long refused = refusals(registry, topic);
            shop.execute("alter table products add column sku text");
            shop.execute("update products set sku = 'TEA', version = 4 where id = '%s'".formatted(product));
            servers.connect().connectors().restartFailed("avro");
            await().atMost(LIMIT).until(() -> refusals(registry, topic) > refused && recipe.failed());

            // this schema may change in any way until the record has passed, and no event was lost meanwhile
            compatibility(topic, "NONE");
            servers.connect().connectors().restartFailed("avro");
            List<Message> all = read(topic, each -> each.size() == 4);
            compatibility(topic, "FULL");
            assertThat(row(all.get(2)).get("name")).hasToString("cocoa");
            assertThat(row(all.get(2)).getSchema().getField("sku")).isNull();
            assertThat(row(all.get(3)).get("sku")).hasToString("TEA");

            shop.execute("alter table products add column grade text");
            shop.execute("update products set grade = 'fine', version = 5 where id = '%s'".formatted(product));
            assertThat(row(read(topic, each -> each.size() == 5).getLast()).get("grade"))
                    .hasToString("fine");
        }
    }

    @Test
    void shardsPublishEachAggregatesVersionsOnceAndInTheirOrder(@TempDir Path folder) throws Exception {
        int aggregates = 50;
        List<Integer> versions = List.of(1, 2, 3, 4);
        servers.database("postgres").execute("create database shards owner orders_owner");
        servers.migrate("shards");
        var script = new ProcessBuilder(RECIPES.resolve("shards.sh").toString(), "2", folder.toString()).start();
        assertThat(script.waitFor()).isZero();
        new Database(servers.postgres().jdbcUrl("shards"), "orders_owner", "orders_owner")
                .execute(Files.readString(folder.resolve("publications.sql")));
        try (var admin = servers.kafka().admin()) {
            admin.createTopics(List.of(new NewTopic("sharded.events", 1, (short) 1)))
                    .all()
                    .get();
        }
        List<String> shards = List.of("order-outbox-2-0", "order-outbox-2-1");
        for (String shard : shards) {
            ObjectNode config =
                    (ObjectNode) JSON.readTree(folder.resolve(shard + ".json").toFile());
            servers.connect().connectors().apply(shard, config.put("database.dbname", "shards"));
        }
        await().atMost(LIMIT).until(() -> shards.stream()
                .allMatch(shard -> servers.postgres().replicates(shard.replace('-', '_'))));

        List<String> ids = Stream.generate(() -> UUID.randomUUID().toString())
                .limit(aggregates)
                .toList();
        try (Connection source = servers.connect("shards", "orders_owner");
                Statement outbox = source.createStatement()) {
            for (int version : versions) {
                for (String id : ids) {
                    outbox.execute("""
                            insert into outbox (id, aggregate_type, aggregate_id, type, payload, created_at)
                            values (gen_random_uuid(), 'sharded', '%s', 'Changed', '{"version": %d}', now())
                            """.formatted(id, version));
                }
            }
        }
        List<Message> messages = read("sharded.events", all -> all.size() >= aggregates * versions.size());

        Map<String, List<Integer>> lives = messages.stream()
                .collect(groupingBy(
                        Message::key,
                        mapping(message -> message.json().path("version").asInt(), toList())));
        assertThat(lives).containsOnlyKeys(ids).allSatisfy((_, life) -> assertThat(life)
                .isEqualTo(versions));
        for (String shard : shards) {
            servers.connect().connectors().delete(shard);
        }
    }

    /** A running recipe. Closing it also drops the slot, which a deleted connector leaves behind. */
    private record Recipe(String name) implements AutoCloseable {

        static Recipe apply(String name) throws IOException {
            Recipe recipe = apply(name, config(name));
            APPLIED.add(name);
            return recipe;
        }

        static Recipe apply(String name, ObjectNode config) {
            Recipe recipe = new Recipe(name);
            servers.connect().connectors().apply(name, config.put("database.dbname", DATABASE));
            await().atMost(LIMIT).until(() -> servers.postgres().replicates(recipe.slot()));
            return recipe;
        }

        static ObjectNode config(String name) throws IOException {
            return (ObjectNode) JSON.readTree(RECIPES.resolve(name + ".json").toFile());
        }

        /** The name of the slot, which is also the prefix of the topics. */
        String slot() {
            return "recipe_" + name.replace('-', '_');
        }

        String topic(String table) {
            return slot() + ".public." + table;
        }

        boolean failed() throws IOException {
            return servers.connect()
                    .connectors()
                    .status(name)
                    .map(ConnectorStatus::failed)
                    .orElse(false);
        }

        @Override
        public void close() throws Exception {
            servers.connect().connectors().delete(name);
            await().atMost(LIMIT).until(() -> !servers.postgres().replicates(slot()));
            try (Connection debezium = servers.connect(DATABASE, "debezium_tables")) {
                debezium.createStatement().execute("select pg_drop_replication_slot('%s')".formatted(slot()));
            }
        }
    }

    private record Message(String key, @Nullable Bytes value) {

        JsonNode json() {
            return parse(new String(Objects.requireNonNull(value).get(), StandardCharsets.UTF_8));
        }

        String op() {
            return json().path("op").asText();
        }

        /** The value of the key's only column. */
        String id() {
            return parse(key).path("id").asText();
        }

        /** The value is a zero byte, the schema's id in four bytes, then Avro. */
        int schemaId() {
            return ByteBuffer.wrap(Objects.requireNonNull(value).get()).getInt(1);
        }
    }

    private static JsonNode parse(String json) {
        try {
            return JSON.readTree(json);
        } catch (JsonProcessingException e) {
            throw new AssertionError(json, e);
        }
    }

    private static List<Message> of(List<Message> messages, String... ids) {
        return messages.stream()
                .filter(message -> List.of(ids).contains(message.id()))
                .toList();
    }

    /** Reads the committed records of the topic from its start until there are enough. */
    private static List<Message> read(String topic, Predicate<List<Message>> enough) {
        List<Message> messages = new ArrayList<>();
        Instant deadline = Instant.now().plus(LIMIT);
        try (KafkaConsumer<String, Bytes> consumer = new KafkaConsumer<>(
                Map.of(
                        "bootstrap.servers", servers.kafka().bootstrapServers(),
                        "isolation.level", "read_committed",
                        "auto.offset.reset", "earliest",
                        // the topic may not exist yet
                        "metadata.max.age.ms", "200"),
                new StringDeserializer(),
                new BytesDeserializer())) {
            consumer.assign(List.of(new TopicPartition(topic, 0)));
            while (!enough.test(messages)) {
                assertThat(Instant.now())
                        .as("%s holds %d messages", topic, messages.size())
                        .isBefore(deadline);
                consumer.poll(Duration.ofMillis(200))
                        .forEach(each -> messages.add(new Message(each.key(), each.value())));
            }
        }
        return messages;
    }

    /** The row, read with the schema that the record refers to, as any consumer does. */
    private static GenericRecord row(Message message) throws Exception {
        byte[] value = Objects.requireNonNull(message.value()).get();
        Schema schema = new Schema.Parser()
                .parse(send(HttpRequest.newBuilder(
                        URI.create(servers.config().registryApi() + "/ids/contentIds/" + message.schemaId()))));
        return new GenericDatumReader<GenericRecord>(schema)
                .read(null, DecoderFactory.get().binaryDecoder(value, 5, value.length - 5, null));
    }

    private static long refusals(SchemaRegistry registry, String topic) throws IOException {
        try (Stream<String> lines = Files.lines(registry.log())) {
            return lines.filter(line -> line.contains("Incompatible artifact: " + topic + "-value"))
                    .count();
        }
    }

    /** As {@code infra/afterimage compatibility} does. */
    private static void compatibility(String topic, String rule) throws Exception {
        HttpRequest.Builder request = HttpRequest.newBuilder(
                        servers.config().registryApi().resolve("/apis/ccompat/v7/config/" + topic + "-value"))
                .header("Content-Type", "application/json")
                .PUT(HttpRequest.BodyPublishers.ofString("{\"compatibility\": \"" + rule + "\"}"));
        send(request);
    }

    private static String send(HttpRequest.Builder request) throws Exception {
        try (HttpClient http = HttpClient.newHttpClient()) {
            HttpResponse<String> answer = http.send(request.build(), HttpResponse.BodyHandlers.ofString());
            assertThat(answer.statusCode()).as(answer.body()).isLessThan(300);
            return answer.body();
        }
    }

    private static String customer() {
        UUID id = UUID.randomUUID();
        shop.execute("insert into customers values ('%s', 'Ada', '%s@example.com', now(), now(), 1)".formatted(id, id));
        return id.toString();
    }

    private static void rename(String customer, String name) {
        shop.execute(
                "update customers set name = '%s', version = version + 1 where id = '%s'".formatted(name, customer));
    }

    private static String order(String status) {
        UUID id = UUID.randomUUID();
        shop.execute("insert into orders values ('%s', '%s', '%s', 'EUR', 4.10, now(), now(), 1)"
                .formatted(id, customer(), status));
        return id.toString();
    }
}
