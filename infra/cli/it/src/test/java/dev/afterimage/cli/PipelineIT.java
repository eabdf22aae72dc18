package dev.afterimage.cli;

import static dev.afterimage.cli.TestPipeline.EVENTS;
import static dev.afterimage.cli.TestPipeline.LIMIT;
import static java.util.stream.Collectors.toSet;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import dev.afterimage.cli.TestPipeline.Run;
import dev.afterimage.cli.Topic.Message;
import dev.afterimage.cli.service.Floor;
import dev.afterimage.cli.service.LocalPipeline;
import dev.afterimage.cli.service.Ports;
import dev.afterimage.cli.service.RestService;
import dev.afterimage.stack.Connectors;
import dev.afterimage.stack.StackException;
import dev.afterimage.testing.Database;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.StringSerializer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import picocli.CommandLine;

/** What the pipeline promises of an order and its events, by orders of each test's own; some kill a service. */
@ExtendWith(TestPipeline.Shared.class)
class PipelineIT {

    private final TestPipeline pipeline;
    private final RestService orders;
    private final RestService projection;
    private final Database source;
    private final Database model;
    private final Database replica;

    PipelineIT(TestPipeline pipeline) {
        this.pipeline = pipeline;
        this.orders = pipeline.orders();
        this.projection = pipeline.projection();
        this.source = pipeline.database("orders");
        this.model = pipeline.database("projection");
        this.replica = pipeline.database("replica");
    }

    @Test
    void anOrdersWholeLifeArrivesInTheReadModelAndOnTheTopic() {
        String id = pipeline.placed();
        pipeline.awaitArrivalOf(id);
        assertThat(readModel(id).body().path("status").asText()).isEqualTo("PENDING");
        assertThat(readModel(id).body().path("total").asText()).isEqualTo("59.80");

        RestService.expect(200, orders.put("/orders/" + id + "/status", Map.of("status", "PAID")));
        await().atMost(LIMIT)
                .until(() -> readModel(id).body().path("status").asText().equals("PAID"));

        assertThat(orders.delete("/orders/" + id).status()).isEqualTo(204);
        await().atMost(LIMIT).until(() -> readModel(id).status() == 404);
        assertThat(orders.get("/orders/" + id).status()).isEqualTo(404);

        await().atMost(LIMIT).until(() -> pipeline.messagesOf(id).size() == 4);
        List<Message> life = pipeline.messagesOf(id);
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
        assertThat(source.rows("select id from outbox where aggregate_id = '" + id + "'"))
                .isEmpty();
    }

    @Test
    void anOrdersWholeLifeArrivesInTheReplica() {
        String id = pipeline.placed();
        String order = "select status, total, version, __cdc_operation from orders where id = '" + id + "'";
        await().atMost(LIMIT)
                .untilAsserted(() -> assertThat(replica.rows(order)).containsExactly("PENDING | 59.80 | 1 | c"));
        RestService.expect(200, orders.put("/orders/" + id + "/status", Map.of("status", "PAID")));
        await().atMost(LIMIT)
                .untilAsserted(() -> assertThat(replica.rows(order)).containsExactly("PAID | 59.80 | 2 | u"));
        assertThat(orders.delete("/orders/" + id).status()).isEqualTo(204);
        await().atMost(LIMIT)
                .untilAsserted(() -> assertThat(replica.rows(order)).isEmpty());
        pipeline.awaitReplicaEqualToSource();
    }

    @Test
    void theTraceOfARequestTravelsWithItsEvents() throws Exception {
        String id = pipeline.placed();
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

        await().atMost(LIMIT).until(() -> pipeline.messagesOf(id).size() == 3);
        List<Message> life = pipeline.messagesOf(id);
        assertThat(life.get(0).headers()).as("its request was not traced").containsOnlyKeys("id", "eventType");
        assertThat(life.subList(1, 3))
                .extracting(message -> message.headers().get("traceparent"))
                .allMatch(traceparent -> traceparent.matches("00-" + trace + "-[0-9a-f]{16}-01"));
    }

    @Test
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

    private List<String> eventTypes(String topic, String key) {
        return pipeline.messages(topic).stream()
                .filter(message -> message.key().equals(key))
                .map(message -> message.headers().get("eventType"))
                .toList();
    }

    @Test
    void aRolledBackTransactionPublishesNothing() throws SQLException {
        String rolledBack = UUID.randomUUID().toString();
        try (Connection connection = source.connect();
                Statement statement = connection.createStatement()) {
            connection.setAutoCommit(false);
            statement.execute("""
                    insert into outbox (id, aggregate_type, aggregate_id, type, payload, created_at)
                    values (gen_random_uuid(), 'order', '%s', 'OrderPlaced', '{"op": "c"}', now())
                    """.formatted(rolledBack));
            connection.rollback();
        }
        pipeline.awaitArrivalOf(pipeline.placed());
        assertThat(pipeline.messagesOf(rolledBack)).isEmpty();
    }

    @Test
    void anAggregateWhoseTopicIsMissingGetsOneAndHoldsUpNoOther() throws Exception {
        String aggregate = "missing-" + UUID.randomUUID();
        String topic = aggregate + ".events";
        source.execute("""
                insert into outbox (id, aggregate_type, aggregate_id, type, payload, created_at)
                values (gen_random_uuid(), '%s', gen_random_uuid(), 'Happened', '{"op": "c"}', now())
                """.formatted(aggregate), "delete from outbox where aggregate_type = '" + aggregate + "'");
        pipeline.awaitArrivalOf(pipeline.placed());
        await().atMost(LIMIT).until(() -> pipeline.messages(topic).size() == 1);
        try (Admin admin = pipeline.kafka().admin()) {
            assertThat(admin.describeTopics(List.of(topic))
                            .allTopicNames()
                            .get()
                            .values())
                    .singleElement()
                    .satisfies(made -> assertThat(made.partitions()).hasSize(4));
            admin.deleteTopics(List.of(topic)).all().get();
        }
    }

    @Test
    void refusedRequestsNameTheFieldAndWriteNothing() {
        String customer = pipeline.registered();
        Map<String, ?> anOrder = pipeline.anOrderOf(customer);

        Map<String, Object> negative = Map.of(
                "customerId",
                customer,
                "items",
                List.of(Map.of("productId", UUID.randomUUID().toString(), "quantity", -2)));
        assertProblem(orders.post("/orders", negative), 400, "quantity");
        String nobody = UUID.randomUUID().toString();
        assertProblem(orders.post("/orders", pipeline.anOrderOf(nobody)), 400, "customerId");
        assertProblem(orders.post("/orders", "not an object"), 400, "");
        assertThat(orders.get("/orders/" + UUID.randomUUID()).status()).isEqualTo(404);
        String id = RestService.expect(201, orders.post("/orders", anOrder))
                .path("id")
                .asText();
        assertProblem(orders.put("/orders/" + id + "/status", Map.of("status", "DELIVERED")), 409, "");

        pipeline.awaitArrivalOf(id);
        pipeline.awaitArrivalOf(pipeline.placed());
        assertThat(source.rows("select id from orders where customer_id in ('" + customer + "', '" + nobody + "')"))
                .containsExactly(id);
        assertThat(eventsNaming(customer, nobody)).extracting(Message::key).containsExactly(id);
    }

    @Test
    void everyConnectorThatLiesBesideTheTopicsIsApplied() throws Exception {
        try (Stream<Path> files = Files.list(Connectors.folder())) {
            assertThat(pipeline.connect().connectors().names())
                    .map(name -> name + ".json")
                    .containsAll(files.map(file -> file.getFileName().toString())
                            .filter(name -> name.endsWith(".json") && !name.equals("topics.json"))
                            .toList());
        }
    }

    @Test
    void theUndoOfARecipeTakesAllWithItThatIsOnlyTheRecipes() throws Exception {
        Path recipes = Connectors.folder().resolve("recipes");
        pipeline.placed();
        assertDone("sql", "orders", "--user=orders_owner", "--file=" + recipes.resolve("prepare.sql"));
        for (String recipe : List.of("snapshot-initial-only", "snapshot-initial")) {
            assertDone("connectors", "apply", recipes.resolve(recipe + ".json").toString());
            String topic = "recipe_" + recipe.replace('-', '_') + ".public.customers";
            await().atMost(LIMIT)
                    .until(() -> pipeline.connect().connectors().topics(recipe).equals(Set.of(topic)));
            await().atMost(LIMIT)
                    .untilAsserted(() -> assertThat(pipeline.run("status").out())
                            .containsPattern(recipe + " +(-|[0-9.]+ s) +0 of 8192 +[1-9][0-9]* +0 +completed")
                            .doesNotContain("is gone"));
            assertDone("connectors", "delete", recipe, "--drop", "--topics");
            try (Admin admin = pipeline.kafka().admin()) {
                await().atMost(LIMIT)
                        .untilAsserted(() ->
                                assertThat(admin.listTopics().names().get()).doesNotContain(topic));
            }
        }
        assertDone("sql", "orders", "--user=orders_owner", "--file=" + recipes.resolve("undo.sql"));
        assertThat(source.rows("select slot_name from pg_replication_slots where slot_name like 'recipe%'"))
                .isEmpty();
        assertThat(source.rows("select pubname from pg_publication where pubname like 'recipe%'"))
                .isEmpty();
    }

    private void assertDone(String... command) {
        Run run = pipeline.run(command);
        assertThat(run.code()).as(run.toString()).isZero();
    }

    @Test
    void aMalformedRecordIsSetAsideAndTheNextIsApplied() throws Exception {
        String key = UUID.randomUUID().toString();
        try (KafkaProducer<String, String> producer = new KafkaProducer<>(
                Map.of("bootstrap.servers", pipeline.kafka().bootstrapServers()),
                new StringSerializer(),
                new StringSerializer())) {
            producer.send(new ProducerRecord<>(EVENTS, key, "{ this is no JSON"))
                    .get();
        }
        pipeline.awaitArrivalOf(pipeline.placed());
        await().atMost(LIMIT).untilAsserted(() -> assertThat(pipeline.messages(EVENTS + ".dlq"))
                .filteredOn(message -> message.key().equals(key))
                .singleElement()
                .satisfies(message -> {
                    assertThat(message.value()).isEqualTo("{ this is no JSON");
                    assertThat(message.headers().get("dead-letter-reason")).isNotBlank();
                }));
        pipeline.discardDeadLetters();
    }

    @Test
    void theProjectionServiceTellsOfTheConnectorAndItsSlot() {
        await().atMost(LIMIT).untilAsserted(() -> {
            JsonNode parts = RestService.expect(200, projection.get("/pipeline"));
            for (String name : List.of("order-outbox", "source-tables", "replica-sink")) {
                assertThat(parts.at("/connect/connectors"))
                        .filteredOn(connector -> connector.path("name").asText().equals(name))
                        .singleElement()
                        .satisfies(connector -> assertThat(
                                        connector.at("/tasks/0/state").asText())
                                .isEqualTo("RUNNING"));
            }
            assertThat(parts.at("/source/slot/active").asBoolean()).isTrue();
            assertThat(parts.at("/source/slot/wal").asText()).isEqualTo("reserved");
            assertThat(parts.at("/source/outboxRows").asInt(-1)).isZero();
        });
    }

    @Test
    void anOrderServiceKilledBetweenWorkAndCommitPublishesNothing() throws SQLException {
        String customer = pipeline.registered();
        var lost = whileItWaitsForItsCommit(pipeline.anOrderOf(customer), order -> {
            pipeline.parts().orders().kill();
            assertThatThrownBy(order::join).hasCauseInstanceOf(StackException.class);
        });
        assertThat(lost).isCompletedExceptionally();
        await().atMost(LIMIT).until(pipeline.parts().orders()::ready);
        assertThat(source.rows("select id from orders where customer_id = '" + customer + "'"))
                .isEmpty();
        pipeline.awaitArrivalOf(pipeline.placed());
        assertThat(eventsNaming(customer)).isEmpty();
    }

    /** Meanwhile Quarkus answers other requests too, and closes their connections. */
    @Test
    void anOrderServiceAskedToStopFinishesTheRequestItHas() throws SQLException {
        ProcessHandle service = ProcessHandle.of(
                        Objects.requireNonNull(pipeline.parts().orders().pid()))
                .orElseThrow();
        var inFlight = whileItWaitsForItsCommit(pipeline.anOrder(), order -> {
            service.destroy();
            HttpRequest other = HttpRequest.newBuilder(
                            pipeline.config().orders().resolve("/orders?limit=1"))
                    .version(HttpClient.Version.HTTP_1_1)
                    .build();
            try (HttpClient client = HttpClient.newHttpClient()) {
                await().atMost(LIMIT).until(() -> client.send(other, HttpResponse.BodyHandlers.discarding())
                        .headers()
                        .firstValue("connection")
                        .equals(Optional.of("close")));
            }
            assertThat(order).isNotDone();
        });
        String id = RestService.expect(201, inFlight.join()).path("id").asText();
        await().atMost(LIMIT).until(() -> !service.isAlive());

        assertThat(source.rows("select id from orders where id = '" + id + "'")).hasSize(1);
        pipeline.awaitArrivalOf(id);
        assertThat(pipeline.messagesOf(id)).hasSize(1);
        await().atMost(LIMIT).until(pipeline.parts().orders()::ready);
    }

    @Test
    void redeliveryOfTheWholeTopicChangesNothing() {
        String changed = pipeline.placed();
        RestService.expect(200, orders.put("/orders/" + changed + "/status", Map.of("status", "PAID")));
        String deleted = pipeline.placed();
        assertThat(orders.delete("/orders/" + deleted).status()).isEqualTo(204);
        pipeline.awaitReadModelEqualToSource();
        String before = fingerprint();
        List<String> reached = model.rows("select topic, partition, next_offset from cdc_raw.positions");

        pipeline.parts().projection().kill();
        // 0, unless the history before was given up on purpose
        model.execute("update cdc_raw.positions set next_offset = logged_from");
        pipeline.awaitArrivalOf(pipeline.placed());
        await().atMost(LIMIT).untilAsserted(() -> assertThat(reached).allSatisfy(position -> {
            String[] each = position.split(" \\| ", -1);
            assertThat(model.number("select next_offset from cdc_raw.positions where topic = '%s' and partition = %s"
                            .formatted(each[0], each[1])))
                    .isGreaterThanOrEqualTo(Long.parseLong(each[2]));
        }));
        assertThat(fingerprint()).contains(before);
        assertThat(readModel(deleted).status()).isEqualTo(404);
        pipeline.discardDeadLetters(); // those of other tests' records came once more
    }

    @Test
    void aSnapshotGoesOnAfterAKillAndPublishesEachOrderOnce() throws Exception {
        String placed = pipeline.placed();
        while (source.number("select count(*) from orders") < 160) {
            placed = pipeline.placed();
        }
        pipeline.awaitArrivalOf(placed);
        long there = source.number("select count(*) from orders");
        Set<String> earlier =
                snapshots().stream().map(message -> message.headers().get("id")).collect(toSet());
        String snapshot;
        try (Connection blocker = source.connect();
                Statement statement = blocker.createStatement()) {
            blocker.setAutoCommit(false);
            // the second batch comes to this row and waits
            statement.execute("""
                    select id from orders where id = (select id from orders order by id offset 150 limit 1) for update
                    """);
            snapshot = RestService.expect(202, orders.post("/snapshots", Map.of("aggregate", "order")))
                    .path("id")
                    .asText();
            await().atMost(LIMIT)
                    .until(() -> progress(snapshot).path("published").asInt() == 100);
            pipeline.parts().orders().kill();
            blocker.rollback();
        }
        await().atMost(LIMIT)
                .ignoreException(StackException.class)
                .until(() -> progress(snapshot).path("status").asText().equals("DONE"));

        pipeline.awaitArrivalOf(pipeline.placed());
        assertThat(snapshots())
                .filteredOn(message -> !earlier.contains(message.headers().get("id")))
                .hasSize((int) there)
                .hasSize(progress(snapshot).path("published").asInt())
                .extracting(Message::key)
                .doesNotHaveDuplicates();
        pipeline.awaitReadModelEqualToSource();
    }

    private List<Message> snapshots() {
        return pipeline.messages(EVENTS).stream()
                .filter(message -> "OrderSnapshot".equals(message.headers().get("eventType")))
                .toList();
    }

    private JsonNode progress(String snapshot) {
        return RestService.expect(200, orders.get("/snapshots/" + snapshot));
    }

    @Test
    void aWatchEndsWhenTheReaderOfItsOutputHasGoneAlsoWithoutAnotherEvent() throws Exception {
        pipeline.awaitArrivalOf(pipeline.placed());
        String watch = shellCommand("watch order.events --from-beginning");
        Process shell =
                new ProcessBuilder("sh", "-c", "{ %s 2>&-; echo code $? >&2; } | head -n 1".formatted(watch)).start();
        await().atMost(LIMIT).until(() -> !shell.isAlive());
        assertThat(shell.getErrorStream()).asString(StandardCharsets.UTF_8).isEqualTo("code 141\n");
    }

    @Test
    void aStatementEndsOnTheServerWhenItsCommandIsStopped() throws Exception {
        String running =
                "select count(*) from pg_stat_activity where query = 'select pg_sleep(601)' and state = 'active'";
        Process sql =
                new ProcessBuilder("sh", "-c", "exec " + shellCommand("sql orders 'select pg_sleep(601)'")).start();
        await().atMost(LIMIT).until(() -> source.number(running) == 1);
        sql.destroy();
        await().atMost(LIMIT).until(() -> source.number(running) == 0);
    }

    private String shellCommand(String arguments) {
        return "%s --enable-native-access=ALL-UNNAMED -cp '%s' dev.afterimage.cli.Afterimage %s %s"
                .formatted(
                        Path.of(System.getProperty("java.home"), "bin", "java"),
                        System.getProperty("java.class.path"),
                        arguments,
                        String.join(" ", pipeline.options()));
    }

    @Test
    void theFloorIsMeasuredStageByStageAndLeavesNothing() throws Exception {
        var ports = CommandLine.populateCommand(new Ports(), pipeline.options().toArray(String[]::new));
        List<Map<Floor.Stage, Long>> rounds = new Floor(ports).measure(20, 1, 1);
        assertThat(rounds).hasSize(20).allSatisfy(round -> assertThat(round)
                .containsOnlyKeys(Floor.Stage.values())
                .allSatisfy(
                        (stage, nanos) -> assertThat(nanos).as(stage.label()).isPositive()));
        String left = "select datname from pg_database where datname ~ 'floor'"
                + " union all select slot_name from pg_replication_slots where slot_name ~ 'floor'";
        assertThat(source.rows(left)).isEmpty();
        try (Admin admin = Admin.create(Map.of("bootstrap.servers", ports.bootstrapServers()))) {
            assertThat(admin.listTopics().names().get()).noneMatch(topic -> topic.contains("floor"));
        }
    }

    @Test
    void aSecondPipelineOnTheSameFolderIsRefusedInOneSentence() {
        assertThatThrownBy(() -> LocalPipeline.start(pipeline.config(), (what, took) -> {}, line -> {}, reason -> {}))
                .isInstanceOf(StackException.class)
                .hasMessageContaining("already runs");
    }

    @Test
    void theAuditFindsAllEqualAndThenTheRowsThatWereTamperedWith() {
        String changed = pipeline.placed();
        String lost = pipeline.placed();
        pipeline.awaitArrivalOf(changed);
        pipeline.awaitArrivalOf(lost);
        Run equal = pipeline.run("audit");
        assertThat(equal.code()).as(equal.toString()).isZero();
        assertThat(equal.out()).containsPattern("order_items +replica ").contains("EQUAL after");

        UUID invented = UUID.randomUUID();
        Run tampered;
        model.execute(
                "update cdc_processed.orders set total = 0.01 where id = '%s'".formatted(changed),
                "update cdc_processed.orders set id = '%s' where id = '%s'".formatted(invented, lost));
        try {
            tampered = pipeline.run("audit");
        } finally {
            model.execute(
                    "update cdc_processed.orders set total = 59.80 where id = '%s'".formatted(changed),
                    "update cdc_processed.orders set id = '%s' where id = '%s'".formatted(lost, invented));
        }
        assertThat(tampered.code()).as(tampered.toString()).isEqualTo(1);
        assertThat(tampered.out())
                .contains("orders " + changed + ".total: source=\"59.8\" read-model=\"0.01\"")
                .contains("orders " + lost + ": source=\"present\" read-model=null")
                .contains("orders " + invented + ": source=null read-model=\"present\"")
                .contains("DIFFERENT after");
    }

    /**
     * Does the work while the transaction of an order waits at a gate, which opens afterwards; returns the order's answer,
     * which the work may wait for too.
     */
    private CompletableFuture<RestService.Answer> whileItWaitsForItsCommit(
            Map<String, ?> anOrder, Consumer<CompletableFuture<RestService.Answer>> work) throws SQLException {
        try (Connection gate = source.connect();
                Statement statement = gate.createStatement()) {
            // the last statement before the commit takes the outbox row away again: there it meets a closed gate
            statement.execute("""
                    create function wait_at_the_gate() returns trigger language plpgsql as
                    $$ begin while not pg_try_advisory_xact_lock(4711) loop perform pg_sleep(0.02); end loop; return null; end $$;
                    create trigger gate after delete on outbox for each row execute function wait_at_the_gate()
                    """);
            try {
                statement.execute("select pg_advisory_lock(4711)");
                var order = inBackground(() -> orders.post("/orders", anOrder));
                // the gate sleeps, for order-service gives up a lock sooner than a statement
                String atTheGate = "select pid from pg_stat_activity where wait_event = 'PgSleep'";
                await().atMost(LIMIT).until(() -> source.rows(atTheGate).size() == 1);
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

    private RestService.Answer readModel(String id) {
        return projection.get("/orders/" + id);
    }

    /** Of orders of one of these customers. */
    private List<Message> eventsNaming(String... customers) {
        return pipeline.messages(EVENTS).stream()
                .filter(message -> Stream.of(customers)
                        .anyMatch(customer -> String.valueOf(message.value()).contains(customer)))
                .toList();
    }

    private static void assertProblem(RestService.Answer answer, int status, String named) {
        assertThat(answer.status()).isEqualTo(status);
        assertThat(answer.body().path("status").asInt()).isEqualTo(status);
        assertThat(answer.body().toString()).contains(named);
    }

    /** Every row of the read model with the moment it was applied. */
    private String fingerprint() {
        return String.join("\n", model.rows("select id, version, synced_at from cdc_processed.orders order by id"));
    }
}
