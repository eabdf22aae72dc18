package dev.afterimage.cli;

import static java.util.stream.Collectors.groupingBy;
import static java.util.stream.Collectors.toSet;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import dev.afterimage.cli.Topic.Message;
import dev.afterimage.stack.Connectors;
import dev.afterimage.stack.Folders;
import dev.afterimage.stack.Server;
import dev.afterimage.stack.StackException;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.StringSerializer;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;

/** The whole pipeline on its real parts; the tests with kills come last, for what they leave behind must still be right. */
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
@Order(1) // with a pipeline of its own, before the shared one starts
class PipelineIT {

    private static final String EVENTS = "order.events";
    private static final Duration LIMIT = Duration.ofSeconds(60);

    private static Pipeline pipeline;
    private static RestService orders;
    private static RestService projection;
    private static Map<String, ?> anOrder;

    @BeforeAll
    static void startPipeline() throws IOException {
        Path home = Path.of("target/journey");
        // what another version of the services left there is not ours to judge
        Folders.delete(home);
        pipeline = Pipeline.start(
                PipelineConfig.onFreePorts(home),
                (what, took) -> System.out.printf("%s ready after %d ms%n", what, took.toMillis()),
                System.out::println,
                System.out::println);
        orders = new RestService(pipeline.config().orders());
        projection = new RestService(pipeline.config().projection());
        anOrder = orders.anOrder();
    }

    @AfterAll
    static void stopPipelineAndLeaveNoProcess() {
        List<Long> pids = pipeline.servers().stream()
                .map(Server::pid)
                .filter(Objects::nonNull)
                .toList();
        pipeline.close();
        assertThat(pids).allSatisfy(pid -> assertThat(ProcessHandle.of(pid)).isEmpty());
    }

    @Test
    @Order(1)
    void anOrdersWholeLifeArrivesInTheReadModelAndOnTheTopic() {
        String id = placed();
        await().atMost(LIMIT).until(() -> readModel(id).status() == 200);
        assertThat(readModel(id).body().path("status").asText()).isEqualTo("PENDING");
        assertThat(readModel(id).body().path("total").asText()).isEqualTo("59.80");

        RestService.expect(200, orders.put("/orders/" + id + "/status", Map.of("status", "PAID")));
        await().atMost(LIMIT)
                .until(() -> readModel(id).body().path("status").asText().equals("PAID"));

        assertThat(orders.delete("/orders/" + id).status()).isEqualTo(204);
        await().atMost(LIMIT).until(() -> readModel(id).status() == 404);
        assertThat(orders.get("/orders/" + id).status()).isEqualTo(404);

        await().atMost(LIMIT).until(() -> messagesOf(id).size() == 4);
        List<Message> life = messagesOf(id);
        assertThat(life)
                .extracting(message -> message.headers().get("eventType"))
                .containsExactly("OrderPlaced", "OrderStatusChanged", "OrderDeleted", "OrderDeleted");
        assertThat(life).extracting(Message::partition).containsOnly(life.get(0).partition());
        assertThat(life).allSatisfy(message -> UUID.fromString(message.headers().get("id")));
        assertThat(life.subList(0, 3))
                .extracting(
                        message -> message.json().path("source").path("version").asInt())
                .containsExactly(1, 2, 3);
        assertThat(life.subList(0, 3))
                .extracting(message -> message.json().path("op").asText())
                .containsExactly("c", "u", "d");
        assertThat(life.get(0).json().path("before").isNull()).isTrue();
        assertThat(life.get(1).json().path("before"))
                .isEqualTo(life.get(0).json().path("after"));
        assertThat(life.get(2).json().path("before"))
                .isEqualTo(life.get(1).json().path("after"));
        assertThat(life.get(2).json().path("after").isNull()).isTrue();
        assertThat(life.get(3).value()).isNull();
        assertThat(count("orders", "select count(*) from outbox")).isZero();
    }

    @Test
    @Order(1)
    void anOrdersWholeLifeArrivesInTheReplica() {
        String id = placed();
        String order = "select status, total, version, __cdc_operation from orders where id = '" + id + "'";
        await().atMost(LIMIT)
                .untilAsserted(() -> assertThat(rows("replica", order)).containsExactly("PENDING | 59.80 | 1 | c"));
        RestService.expect(200, orders.put("/orders/" + id + "/status", Map.of("status", "PAID")));
        await().atMost(LIMIT)
                .untilAsserted(() -> assertThat(rows("replica", order)).containsExactly("PAID | 59.80 | 2 | u"));
        assertThat(orders.delete("/orders/" + id).status()).isEqualTo(204);
        await().atMost(LIMIT)
                .untilAsserted(() -> assertThat(rows("replica", order)).isEmpty());
        assertReplicaEqualsSource();
    }

    @Test
    @Order(2)
    void theTraceOfARequestTravelsWithItsEvents() throws Exception {
        String id = placed();
        String trace = UUID.randomUUID().toString().replace("-", "");
        HttpRequest delete = HttpRequest.newBuilder(pipeline.config().orders().resolve("/orders/" + id))
                .DELETE()
                .header("traceparent", "00-" + trace + "-00f067aa0ba902b7-01")
                .header("baggage", "visitor=" + "x".repeat(1_000))
                .build();
        try (HttpClient client = HttpClient.newHttpClient()) {
            assertThat(client.send(delete, HttpResponse.BodyHandlers.discarding())
                            .statusCode())
                    .isEqualTo(204);
        }

        await().atMost(LIMIT).until(() -> messagesOf(id).size() == 3);
        List<Message> life = messagesOf(id);
        assertThat(life.get(0).headers()).as("its request was not traced").containsOnlyKeys("id", "eventType");
        assertThat(life.subList(1, 3))
                .extracting(message -> message.headers().get("traceparent"))
                .allMatch(traceparent -> traceparent.matches("00-" + trace + "-[0-9a-f]{16}-01"));
    }

    @Test
    @Order(3)
    void customersAndProductsAreAnnouncedOnTopicsOfTheirOwn() {
        String email = UUID.randomUUID() + "@example.com";
        String customer = RestService.expect(
                        201, orders.post("/customers", Map.of("name", "Grace Hopper", "email", email)))
                .path("id")
                .asText();
        RestService.expect(200, orders.put("/customers/" + customer, Map.of("name", "Grace", "email", email)));
        String sku = UUID.randomUUID().toString();
        String product = RestService.expect(
                        201, orders.post("/products", Map.of("sku", sku, "name", "Moth", "price", "1.00")))
                .path("id")
                .asText();
        assertThat(orders.delete("/products/" + product).status()).isEqualTo(204);

        await().atMost(LIMIT).untilAsserted(() -> {
            assertThat(eventTypes("customer.events", customer))
                    .containsExactly("CustomerRegistered", "CustomerChanged");
            assertThat(eventTypes("product.events", product))
                    .containsExactly("ProductOffered", "ProductDeleted", "ProductDeleted");
        });
    }

    private static List<String> eventTypes(String topic, String key) {
        return Topic.read(pipeline.kafka().bootstrapServers(), topic).stream()
                .filter(message -> message.key().equals(key))
                .map(message -> message.headers().get("eventType"))
                .toList();
    }

    @Test
    @Order(4)
    void aRolledBackTransactionPublishesNothing() throws SQLException {
        String rolledBack = UUID.randomUUID().toString();
        try (Connection connection = pipeline.postgres().connect("orders");
                Statement statement = connection.createStatement()) {
            connection.setAutoCommit(false);
            statement.execute("""
                    insert into outbox (id, aggregate_type, aggregate_id, type, payload, created_at)
                    values (gen_random_uuid(), 'order', '%s', 'OrderPlaced', '{"op": "c"}', now())
                    """.formatted(rolledBack));
            connection.rollback();
        }
        awaitArrivalOf(placed());
        assertThat(messagesOf(rolledBack)).isEmpty();
    }

    @Test
    @Order(5)
    void refusedRequestsNameTheFieldAndWriteNothing() {
        long rows = count("orders", "select count(*) from orders");
        long published = Topic.read(pipeline.kafka().bootstrapServers(), EVENTS).size();

        Map<String, Object> negative = Map.of(
                "customerId",
                anOrder.get("customerId"),
                "items",
                List.of(Map.of("productId", UUID.randomUUID().toString(), "quantity", -2)));
        assertProblem(orders.post("/orders", negative), 400, "quantity");
        assertProblem(
                orders.post(
                        "/orders", Map.of("customerId", UUID.randomUUID().toString(), "items", anOrder.get("items"))),
                400,
                "customerId");
        assertProblem(orders.post("/orders", "not an object"), 400, "");
        assertThat(orders.get("/orders/" + UUID.randomUUID()).status()).isEqualTo(404);
        String id = placed();
        assertProblem(orders.put("/orders/" + id + "/status", Map.of("status", "DELIVERED")), 409, "");

        awaitArrivalOf(id);
        assertThat(count("orders", "select count(*) from orders")).isEqualTo(rows + 1);
        assertThat(Topic.read(pipeline.kafka().bootstrapServers(), EVENTS)).hasSize((int) published + 1);
    }

    @Test
    @Order(6)
    void everyConnectorThatLiesBesideTheTopicsIsApplied() throws Exception {
        try (Stream<Path> files = Files.list(Connectors.folder())) {
            assertThat(pipeline.connect().connectors().names())
                    .map(name -> name + ".json")
                    .containsExactlyInAnyOrderElementsOf(
                            files.map(file -> file.getFileName().toString())
                                    .filter(name -> name.endsWith(".json") && !name.equals("topics.json"))
                                    .toList());
        }
    }

    @Test
    @Order(6)
    void aMalformedRecordIsSetAsideAndTheNextIsApplied() throws Exception {
        String key = UUID.randomUUID().toString();
        try (KafkaProducer<String, String> producer = new KafkaProducer<>(
                Map.of("bootstrap.servers", pipeline.kafka().bootstrapServers()),
                new StringSerializer(),
                new StringSerializer())) {
            producer.send(new ProducerRecord<>(EVENTS, key, "{ this is no JSON"))
                    .get();
        }
        awaitArrivalOf(placed());
        await().atMost(LIMIT).untilAsserted(() -> assertThat(
                        Topic.read(pipeline.kafka().bootstrapServers(), EVENTS + ".dlq"))
                .filteredOn(message -> message.key().equals(key))
                .singleElement()
                .satisfies(message -> {
                    assertThat(message.value()).isEqualTo("{ this is no JSON");
                    assertThat(message.headers().get("dead-letter-reason")).isNotBlank();
                }));
    }

    @Test
    @Order(6)
    void theProjectionServiceTellsOfTheConnectorAndItsSlot() {
        await().atMost(LIMIT).untilAsserted(() -> {
            JsonNode parts = RestService.expect(200, projection.get("/pipeline"));
            assertThat(parts.at("/connect/connectors").findValuesAsText("name"))
                    .containsExactlyInAnyOrder("order-outbox", "source-tables", "replica-sink");
            assertThat(parts.at("/connect/connectors"))
                    .allMatch(
                            connector -> connector.at("/tasks/0/state").asText().equals("RUNNING"));
            assertThat(parts.at("/source/slot/active").asBoolean()).isTrue();
            assertThat(parts.at("/source/slot/wal").asText()).isEqualTo("reserved");
            assertThat(parts.at("/source/outboxRows").asInt(-1)).isZero();
        });
    }

    @Test
    @Order(7)
    void anOrderServiceKilledBetweenWorkAndCommitPublishesNothing() throws SQLException {
        long rows = count("orders", "select count(*) from orders");
        int published = placedOnTopic().size();
        var lost = whileAnOrderWaitsForItsCommit(order -> {
            pipeline.orders().kill();
            assertThatThrownBy(order::join).hasCauseInstanceOf(StackException.class);
        });
        assertThat(lost).isCompletedExceptionally();
        await().atMost(LIMIT).until(pipeline.orders()::ready);
        assertThat(count("orders", "select count(*) from orders")).isEqualTo(rows);
        awaitArrivalOf(placed());
        assertThat(placedOnTopic()).hasSize(published + 1);
    }

    @Test
    @Order(8)
    void anOrderServiceAskedToStopFinishesTheRequestItHasAndTakesNoOther() throws SQLException {
        ProcessHandle service = ProcessHandle.of(
                        Objects.requireNonNull(pipeline.orders().pid()))
                .orElseThrow();
        var inFlight = whileAnOrderWaitsForItsCommit(order -> {
            service.destroy();
            await().atMost(LIMIT).until(() -> orders.get("/orders?limit=1").status() == 503);
            assertThat(order).isNotDone();
        });
        String id = RestService.expect(201, inFlight.join()).path("id").asText();
        await().atMost(Duration.ofSeconds(5)).until(() -> !service.isAlive());

        assertThat(count("orders", "select count(*) from orders where id = '" + id + "'"))
                .isEqualTo(1);
        awaitArrivalOf(id);
        assertThat(messagesOf(id)).hasSize(1);
        await().atMost(LIMIT).until(pipeline.orders()::ready);
    }

    @Test
    @Order(9)
    void redeliveryOfTheWholeTopicChangesNothing() throws Exception {
        String before = fingerprint();
        pipeline.projection().kill();
        try (Connection connection = pipeline.postgres().connect("projection");
                Statement statement = connection.createStatement()) {
            statement.execute("update cdc_raw.positions set next_offset = 0");
        }
        awaitArrivalOf(placed());
        await().atMost(LIMIT).untilAsserted(() -> assertThat(
                        count("projection", "select coalesce(sum(next_offset), 0) from cdc_raw.positions"))
                .isGreaterThan(
                        Topic.read(pipeline.kafka().bootstrapServers(), EVENTS).size()));
        assertThat(fingerprint()).contains(before);
    }

    @Test
    @Order(10)
    void fiveHundredOrdersSurviveKillsOfConnectProjectionAndKafka() throws Exception {
        int before = placedOnTopic().size();
        AtomicInteger placed = new AtomicInteger();
        AtomicBoolean enough = new AtomicBoolean();
        var load = inBackground(() -> {
            while (!enough.get() || placed.get() < 500) {
                String id = placed();
                if (placed.incrementAndGet() % 3 == 0) {
                    RestService.expect(200, orders.put("/orders/" + id + "/status", Map.of("status", "PAID")));
                }
                LockSupport.parkNanos(Duration.ofMillis(20).toNanos());
            }
            return placed;
        });
        for (Server victim : List.of(pipeline.connect(), pipeline.projection(), pipeline.kafka())) {
            int due = placed.get() + 50;
            await().atMost(LIMIT).until(() -> placed.get() >= due);
            Instant killed = Instant.now();
            victim.kill();
            awaitArrivalOf(placed());
            System.out.printf(
                    "killed %s: an order placed afterwards was readable %.1f s after the kill%n",
                    victim.name(), Duration.between(killed, Instant.now()).toMillis() / 1000.0);
        }
        enough.set(true);
        load.join();
        awaitArrivalOf(placed());

        List<Message> placements = placedOnTopic();
        assertThat(placements).hasSize(before + placed.get() + 4);
        assertThat(placements).extracting(Message::key).doesNotHaveDuplicates();
        List<Message> all = Topic.read(pipeline.kafka().bootstrapServers(), EVENTS);
        assertThat(all)
                .filteredOn(message -> message.headers().containsKey("id"))
                .extracting(message -> message.headers().get("id"))
                .doesNotHaveDuplicates();
        assertVersionsAreContiguous(all);
        assertReadModelEqualsSource();
        assertReplicaEqualsSource();
    }

    @Test
    @Order(11)
    void aSnapshotGoesOnAfterAKillAndPublishesEachOrderOnce() throws Exception {
        Set<String> earlier = snapshotsOnTopic().stream()
                .map(message -> message.headers().get("id"))
                .collect(toSet());
        String snapshot;
        try (Connection keeper = pipeline.postgres().connect("orders");
                Statement statement = keeper.createStatement()) {
            keeper.setAutoCommit(false);
            // the fourth batch comes to this row and waits
            statement.execute("""
                    select id from orders where id = (select id from orders order by id offset 350 limit 1) for update
                    """);
            snapshot = RestService.expect(202, orders.post("/snapshots", Map.of("aggregate", "order")))
                    .path("id")
                    .asText();
            await().atMost(LIMIT)
                    .until(() -> progress(snapshot).path("published").asInt() == 300);
            pipeline.orders().kill();
            keeper.rollback();
        }
        await().atMost(LIMIT)
                .ignoreException(StackException.class)
                .until(() -> progress(snapshot).path("status").asText().equals("DONE"));

        awaitArrivalOf(placed());
        assertThat(snapshotsOnTopic())
                .filteredOn(message -> !earlier.contains(message.headers().get("id")))
                .hasSize((int) count("orders", "select count(*) from orders") - 1)
                .hasSize(progress(snapshot).path("published").asInt())
                .extracting(Message::key)
                .doesNotHaveDuplicates();
        assertReadModelEqualsSource();
    }

    private static List<Message> snapshotsOnTopic() {
        return Topic.read(pipeline.kafka().bootstrapServers(), EVENTS).stream()
                .filter(message -> "OrderSnapshot".equals(message.headers().get("eventType")))
                .toList();
    }

    private static JsonNode progress(String snapshot) {
        return RestService.expect(200, orders.get("/snapshots/" + snapshot));
    }

    @Test
    @Order(12)
    void everyPartThatDiesIsRestarted() {
        for (Server server : pipeline.servers()) {
            Long pid = server.pid();
            server.kill();
            await().atMost(LIMIT)
                    .until(() -> server.pid() != null && !server.pid().equals(pid));
        }
        await().atMost(LIMIT).ignoreException(StackException.class).untilAsserted(() -> awaitArrivalOf(placed()));
        assertReadModelEqualsSource();
        assertReplicaEqualsSource();
    }

    @Test
    @Order(13)
    void aSecondPipelineOnTheSameFolderIsRefusedInOneSentence() {
        assertThatThrownBy(() -> Pipeline.start(pipeline.config(), (what, took) -> {}, line -> {}, reason -> {}))
                .isInstanceOf(StackException.class)
                .hasMessageContaining("already runs");
    }

    @Test
    @Order(14)
    void theAuditFindsAllEqualAndThenTheRowsThatWereTamperedWith() throws SQLException {
        String changed = placed();
        String lost = placed();
        awaitArrivalOf(changed);
        awaitArrivalOf(lost);
        var out = new StringWriter();
        assertThat(audit(out)).as(out.toString()).isZero();
        assertThat(out.toString()).containsPattern("order_items +replica ").contains("EQUAL after");

        UUID invented = UUID.randomUUID();
        var tampered = new StringWriter();
        try (Connection connection = pipeline.postgres().connect("projection");
                Statement statement = connection.createStatement()) {
            statement.execute("update cdc_processed.orders set total = 0.01 where id = '%s'".formatted(changed));
            statement.execute("update cdc_processed.orders set id = '%s' where id = '%s'".formatted(invented, lost));
            try {
                assertThat(audit(tampered)).as(tampered.toString()).isEqualTo(1);
            } finally { // the next run finds these rows
                statement.execute("update cdc_processed.orders set total = 59.80 where id = '%s'".formatted(changed));
                statement.execute(
                        "update cdc_processed.orders set id = '%s' where id = '%s'".formatted(lost, invented));
            }
        }
        assertThat(tampered.toString())
                .contains("orders " + changed + ".total: source=\"59.8\" read-model=\"0.01\"")
                .contains("orders " + lost + ": source=\"present\" read-model=null")
                .contains("orders " + invented + ": source=null read-model=\"present\"")
                .contains("DIFFERENT after");
    }

    private static int audit(StringWriter out) {
        return Afterimage.commandLine()
                .setOut(new PrintWriter(out))
                .execute(
                        "audit",
                        "--projection-port",
                        Integer.toString(pipeline.config().projectionPort()));
    }

    /**
     * Does the work while the transaction of an order waits at a gate, which opens afterwards; returns the order's answer,
     * which the work may wait for too.
     */
    private static CompletableFuture<RestService.Answer> whileAnOrderWaitsForItsCommit(
            Consumer<CompletableFuture<RestService.Answer>> work) throws SQLException {
        try (Connection gate = pipeline.postgres().connect("orders");
                Statement statement = gate.createStatement()) {
            // the last statement before the commit takes the outbox row away again: there it meets a closed gate
            statement.execute("""
                    create function wait_at_the_gate() returns trigger language plpgsql as
                    $$ begin perform pg_advisory_xact_lock(4711); return null; end $$;
                    create trigger gate after delete on outbox for each row execute function wait_at_the_gate()
                    """);
            try {
                statement.execute("select pg_advisory_lock(4711)");
                var order = inBackground(() -> orders.post("/orders", anOrder));
                String atTheGate = "select count(*) from pg_locks where locktype = 'advisory' and not granted";
                await().atMost(LIMIT).until(() -> count("orders", atTheGate) == 1);
                work.accept(order);
                return order;
            } finally {
                statement.execute("""
                        select pg_advisory_unlock(4711);
                        drop trigger gate on outbox;
                        drop function wait_at_the_gate()
                        """);
            }
        }
    }

    /** On a thread of its own: the common pool has but one on two cores. */
    private static <T> CompletableFuture<T> inBackground(Supplier<T> work) {
        return CompletableFuture.supplyAsync(
                work, command -> Thread.ofPlatform().start(command));
    }

    private static String placed() {
        return RestService.expect(201, orders.post("/orders", anOrder))
                .path("id")
                .asText();
    }

    private static RestService.Answer readModel(String id) {
        return projection.get("/orders/" + id);
    }

    /** The service itself may be away at the moment. */
    private static void awaitArrivalOf(String id) {
        await().atMost(LIMIT)
                .pollInterval(Duration.ofMillis(50))
                .ignoreException(StackException.class)
                .until(() -> readModel(id).status() == 200);
    }

    private static List<Message> messagesOf(String key) {
        return Topic.read(pipeline.kafka().bootstrapServers(), EVENTS).stream()
                .filter(message -> message.key().equals(key))
                .toList();
    }

    private static List<Message> placedOnTopic() {
        return Topic.read(pipeline.kafka().bootstrapServers(), EVENTS).stream()
                .filter(message -> "OrderPlaced".equals(message.headers().get("eventType")))
                .toList();
    }

    private static void assertProblem(RestService.Answer answer, int status, String named) {
        assertThat(answer.status()).isEqualTo(status);
        assertThat(answer.body().path("status").asInt()).isEqualTo(status);
        assertThat(answer.body().toString()).contains(named);
    }

    private static void assertVersionsAreContiguous(List<Message> all) {
        Map<String, List<Message>> lives = all.stream()
                .filter(message -> message.headers().containsKey("id") && message.value() != null)
                .collect(groupingBy(Message::key));
        assertThat(lives).allSatisfy((id, life) -> {
            List<Integer> expected = new ArrayList<>();
            for (int version = 1; version <= life.size(); version++) {
                expected.add(version);
            }
            assertThat(life)
                    .extracting(message ->
                            message.json().path("source").path("version").asInt())
                    .isEqualTo(expected);
        });
    }

    private static void assertReadModelEqualsSource() {
        String columns = "id, customer_id, status, currency, total, created_at, updated_at, version";
        String items = "order_id, product_id, quantity, unit_price, line_total";
        await().atMost(LIMIT).untilAsserted(() -> {
            assertThat(rows("projection", "select " + columns + " from cdc_processed.orders order by id"))
                    .isEqualTo(rows("orders", "select " + columns + " from orders order by id"));
            assertThat(rows("projection", "select " + items + " from cdc_processed.order_items order by 1, line_no"))
                    .isEqualTo(rows("orders", "select " + items + " from order_items order by 1, position"));
        });
    }

    private static void assertReplicaEqualsSource() {
        await().atMost(LIMIT).untilAsserted(() -> {
            for (String query : List.of(
                    "select id, name, email, created_at, updated_at, version from customers order by id",
                    "select id, sku, name, price, created_at, updated_at, version from products order by id",
                    "select id, customer_id, status, currency, total, created_at, updated_at, version from orders"
                            + " order by id",
                    "select order_id, position, product_id, quantity, unit_price, line_total from order_items"
                            + " order by 1, 2")) {
                assertThat(rows("replica", query)).isEqualTo(rows("orders", query));
            }
        });
    }

    /** Every row of the read model with the moment it was applied. */
    private static String fingerprint() {
        return String.join(
                "\n", rows("projection", "select id, version, synced_at from cdc_processed.orders order by id"));
    }

    private static long count(String database, String query) {
        return Long.parseLong(rows(database, query).get(0));
    }

    private static List<String> rows(String database, String query) {
        try {
            return Rows.of(pipeline.postgres(), database, query);
        } catch (SQLException e) {
            throw new AssertionError(query, e);
        }
    }
}
