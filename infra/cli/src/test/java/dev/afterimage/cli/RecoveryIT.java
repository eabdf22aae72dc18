package dev.afterimage.cli;

import static dev.afterimage.cli.TestPipeline.EVENTS;
import static dev.afterimage.cli.TestPipeline.LIMIT;
import static java.util.stream.Collectors.groupingBy;
import static java.util.stream.Collectors.toMap;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.afterimage.cli.TestPipeline.Run;
import dev.afterimage.cli.Topic.Message;
import dev.afterimage.stack.Connectors;
import dev.afterimage.stack.Server;
import dev.afterimage.stack.StackException;
import dev.afterimage.testing.Database;
import dev.afterimage.testing.TestSize;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/**
 * Each fault of "When something breaks" in infra/README.md, and kills, while random operations go on. Each fault is reported and
 * repaired. Afterwards the source, the read model and the replica hold everything that the clients were told.
 */
@ExtendWith(TestPipeline.Shared.class)
@Order(Integer.MAX_VALUE) // the gap that it leaves in the history is no failure, but others want a whole one
class RecoveryIT {

    private static final int OPERATIONS = TestSize.of(200, 3_500);
    private static final Duration KAFKA_AWAY = Duration.ofSeconds(TestSize.of(15, 60));
    private static final Map<String, String> SLOTS =
            Map.of("order-outbox", "order_outbox", "source-tables", "source_tables");
    private static final Map<String, String> CHECKS =
            Map.of("order-outbox", "/q/health/ready", "source-tables", "/q/health/well");
    private static final List<String> TABLES = List.of("customers", "products", "orders");

    private static final Pattern STEPS =
            Pattern.compile("\n## When something breaks\n.*?```sh\n(.*?)```", Pattern.DOTALL);
    private static final Pattern BEGUN = Pattern.compile("source_tables, begun at (.*)\\.");

    private final TestPipeline pipeline;
    private final RestService orders;
    private final RestService projection;
    private final RestService connect;
    private final Database source;
    private final Database replica;
    private final Map<String, Set<String>> before = new HashMap<>();
    /** Placed by the test itself. */
    private final List<String> placed = new ArrayList<>();

    private final int toldBefore;
    private final Shoppers shoppers;

    @TempDir
    Path folder;

    RecoveryIT(TestPipeline pipeline) {
        this.pipeline = pipeline;
        this.orders = pipeline.orders();
        this.projection = pipeline.projection();
        this.connect = new RestService(pipeline.config().connect());
        this.source = pipeline.database("orders");
        this.replica = pipeline.database("replica");
        TABLES.forEach(table -> before.put(table, Set.copyOf(source.rows("select id from " + table))));
        this.toldBefore = pipeline.told().size();
        this.shoppers = new Shoppers(orders, OPERATIONS, 4711);
    }

    @AfterEach
    void allIsThereThatTheShoppersWereTold() throws Exception {
        try (shoppers) {
            assertThat(shoppers.end(Duration.ofMinutes(5))).isTrue();
        }
        System.out.printf("%d operations, %d requests were repeated%n", shoppers.begun(), shoppers.repeated());
        assertThat(shoppers.begun()).isGreaterThanOrEqualTo(OPERATIONS);
        assertThat(shoppers.wrong()).isEmpty();
        for (String table : TABLES) {
            List<String> ours = new ArrayList<>(source.rows("select id from " + table));
            ours.removeAll(Objects.requireNonNull(before.get(table)));
            ours.removeAll(placed);
            assertThat(ours).containsExactlyInAnyOrderElementsOf(shoppers.there(table));
        }
        assertThat(RestService.expect(200, projection.get("/dead-letters"))).isEmpty();
        Run audit = pipeline.run("audit");
        assertThat(audit.code()).as(audit.toString()).isZero();
    }

    @Test
    void killsOfConnectProjectionAndKafkaLoseAndDoubleNothing() throws Exception {
        Pipeline parts = pipeline.parts();
        for (Server victim : List.of(parts.connect(), parts.projection(), parts.kafka())) {
            awaitShoppers(30);
            victim.kill();
            awaitFlow(victim.name() + " killed");
        }
        assertThat(shoppers.end(Duration.ofMinutes(5))).isTrue();
        awaitFlow("all of that");

        Map<String, List<Message>> lives = pipeline.messages(EVENTS).stream()
                .filter(message -> shoppers.orders().contains(message.key()))
                .collect(groupingBy(Message::key));
        assertThat(lives.values().stream().flatMap(List::stream))
                .extracting(message -> message.headers().get("id"))
                .doesNotHaveDuplicates();
        assertThat(lives.keySet()).isEqualTo(shoppers.orders());
        Map<String, String> versions = source.rows("select id, version from orders").stream()
                .map(row -> row.split(" \\| ", 2))
                .collect(toMap(row -> row[0], row -> row[1]));
        lives.forEach((id, life) -> {
            List<Message> states =
                    life.stream().filter(message -> message.value() != null).toList();
            assertThat(states)
                    .as(id)
                    .extracting(message ->
                            message.json().path("source").path("version").asInt())
                    .isEqualTo(IntStream.rangeClosed(1, states.size()).boxed().toList());
            assertThat(states.getLast().json().path("op").asText().equals("d"))
                    .as("%s is deleted", id)
                    .isEqualTo(!versions.containsKey(id));
            assertThat(versions.getOrDefault(id, String.valueOf(states.size())))
                    .as(id)
                    .isEqualTo(String.valueOf(states.size()));
        });
    }

    @Test
    void aConnectorThatFailsIsToldAndGoesOnOnceItsCauseIsMended() throws Exception {
        Optional<Path> prometheus = Prometheus.find("prometheus");
        try (var alerts = prometheus.isEmpty() ? null : new Alerts(prometheus.get(), pipeline.config(), folder)) {
            source.execute("alter role debezium_tables nologin", "alter role debezium nologin");
            try {
                SLOTS.values().forEach(this::terminateReaderOf);
                for (String connector : SLOTS.keySet()) {
                    awaitTold("connector " + connector + " failed; restarting it: .*not permitted to log in.*");
                }
                Run produced = pipeline.run("produce", "customer");
                assertThat(produced.code()).as(produced.toString()).isEqualTo(1);
                assertThat(produced.out()).contains("Nothing came out on customer.events");
                placed.add(produced.out().replaceFirst("(?s).*?([0-9a-f-]{36}).*", "$1"));
                assertThat(pipeline.run("status", "--max-behind=5s").out())
                        .contains("slot order_outbox has confirmed nothing for")
                        .contains("slot source_tables has confirmed nothing for");
                // not while it is just being restarted
                await().atMost(LIMIT).until(() -> pipeline.run("status").code() == 2);
                if (alerts != null) {
                    alerts.awaitFiring("ConnectorNotRunning", "SlotInactive", "OtherSlotInactive");
                }
            } finally {
                source.execute("alter role debezium_tables login", "alter role debezium login");
            }
            awaitFlow("a login refused");
            if (alerts != null) {
                alerts.awaitFiring();
            }
        }
    }

    @Test
    void postgresMayBeRestartedAndKilled() throws Exception {
        Server postgres = pipeline.postgres();
        int repeated = shoppers.repeated();
        signal("INT", postgres);
        awaitFlow("PostgreSQL restarted");
        postgres.kill();
        awaitFlow("PostgreSQL killed");
        assertThat(shoppers.repeated()).isGreaterThan(repeated);
    }

    @Test
    void kafkaMayBeAway() throws Exception {
        int begun = shoppers.begun();
        signal("STOP", pipeline.kafka());
        try {
            TimeUnit.MILLISECONDS.sleep(KAFKA_AWAY.toMillis());
            assertThat(projection.get("/q/health/ready").status()).isEqualTo(503);
        } finally {
            signal("CONT", pipeline.kafka());
        }
        assertThat(shoppers.begun()).as("orders are taken meanwhile").isGreaterThan(begun + 100);
        awaitFlow("Kafka away");
    }

    @Test
    void deletedOffsetsRepeatWhatIsAbsorbed() throws Exception {
        String lost = placed();
        awaitFlow("nothing yet");
        double broken = brokenChains();
        for (String connector : SLOTS.keySet()) {
            RestService.expect(204, connect.put("/connectors/" + connector + "/stop", Map.of()));
        }
        awaitNothingOnItsWay("cdc.");
        String begun = source.value("select clock_timestamp()");
        for (String connector : SLOTS.keySet()) {
            await().atMost(LIMIT)
                    .until(() -> connect.delete("/connectors/" + connector + "/offsets")
                                    .status()
                            == 200);
        }
        delete(lost);
        awaitShoppers(50);
        for (String connector : SLOTS.keySet()) {
            RestService.expect(202, connect.put("/connectors/" + connector + "/resume", Map.of()));
        }
        awaitFlow("the offsets deleted");
        assertThat(replica.number("select delete_unseen_since('" + begun + "')"))
                .as("rows that were deleted meanwhile")
                .isPositive();
        assertThat(brokenChains()).as("the topics have each version").isEqualTo(broken);
    }

    @Test
    void droppedSlotsAndThoseThatLostTheirLogAreNoticedAndMended() throws Exception {
        List<String> connectors = List.of("order-outbox", "source-tables");
        for (int round = 0; round < TestSize.of(1, 2); round++) {
            loseSlots(connectors.get(round), connectors.get(1 - round));
            mend();
        }
    }

    private void loseSlots(String dropped, String invalidated) throws Exception {
        String order = placed();
        awaitFlow("nothing yet");
        String slot = slotOf(dropped);
        await().atMost(LIMIT)
                .ignoreExceptionsMatching(e -> e instanceof AssertionError) // its reader came back in between
                .until(() -> {
                    terminateReaderOf(slot);
                    source.execute("select pg_drop_replication_slot('" + slot + "')");
                    return true;
                });
        source.execute("alter system set max_slot_wal_keep_size = '16MB'", "select pg_reload_conf()");
        try {
            assertThat(pipeline.run("connectors", "pause", invalidated).code()).isZero();
            await().atMost(LIMIT).until(() -> {
                source.execute(
                        "select pg_logical_emit_message(false, 'filler', '')", "select pg_switch_wal()", "checkpoint");
                return source.value("select wal_status from pg_replication_slots where slot_name = '"
                                + slotOf(invalidated) + "'")
                        .equals("lost");
            });
        } finally {
            source.execute("alter system reset max_slot_wal_keep_size", "select pg_reload_conf()");
        }
        assertThat(pipeline.run("connectors", "resume", invalidated).code()).isZero();
        awaitTold("connector " + dropped + " failed; restarting it: .*no longer available on the server.*");
        awaitNoticed(dropped, "/data/state", "missing");
        awaitNoticed(invalidated, "/data/wal", "lost");
        assertThat(pipeline.run("status").out())
                .contains("slot " + slot + " of connector " + dropped + " is gone")
                .contains("slot " + slotOf(invalidated) + " has lost its log");
        delete(order);
        awaitShoppers(50);
        assertThat(source.rows("select slot_name from pg_replication_slots where slot_name = '" + slot + "'"))
                .as("made anew by nobody")
                .isEmpty();
    }

    private static String slotOf(String connector) {
        return Objects.requireNonNull(SLOTS.get(connector));
    }

    /** By the order-service's health. */
    private void awaitNoticed(String connector, String datum, String value) {
        String name = connector.equals("order-outbox") ? "replication slot" : "table slot";
        await().atMost(LIMIT).untilAsserted(() -> assertThat(orders.get(Objects.requireNonNull(CHECKS.get(connector)))
                        .body()
                        .path("checks"))
                .filteredOn(check -> check.path("name").asText().equals(name))
                .singleElement()
                .satisfies(check -> {
                    assertThat(check.path("status").asText()).isEqualTo("DOWN");
                    assertThat(check.at(datum).asText()).isEqualTo(value);
                }));
    }

    /** As a shell takes them. */
    private static Stream<String> words(String step) {
        return Pattern.compile("\"([^\"]*)\"|\\S+")
                .matcher(step)
                .results()
                .map(word -> word.group(1) == null ? word.group() : word.group(1));
    }

    /** Does the steps of infra/README.md. */
    private void mend() throws Exception {
        Matcher steps = STEPS.matcher(Files.readString(Connectors.folder().resolveSibling("infra/README.md")));
        assertThat(steps.find()).isTrue();
        String begun = "";
        for (String line : steps.group(1).lines().toList()) {
            String step = line.replaceFirst("#.*", "").strip().replace("…", begun);
            if (step.equals("infra/afterimage status")) {
                awaitNothingOnItsWay("");
            } else {
                Run done = pipeline.run(words(step).skip(1).toArray(String[]::new));
                System.out.println(step + ": " + done.out());
                assertThat(done.code()).as(done.toString()).isZero();
                if (step.contains("delete_unseen_since")) {
                    assertThat(done.out().strip())
                            .as("rows that were deleted in the gap")
                            .doesNotEndWith(" 0");
                }
                Matcher time = BEGUN.matcher(done.out());
                begun = time.find() ? time.group(1) : begun;
            }
        }
    }

    private void awaitNothingOnItsWay(String topics) {
        await().atMost(LIMIT).untilAsserted(() -> {
            JsonNode report =
                    new ObjectMapper().readTree(pipeline.run("status", "--json").out());
            assertThat(report.path("lags"))
                    .filteredOn(lag -> lag.path("topic").asText().startsWith(topics))
                    .isNotEmpty()
                    .allSatisfy(lag -> assertThat(lag.path("oldestMs").asLong()).isZero());
        });
    }

    /** By a client that repeats its request until it is answered. */
    private String placed() {
        Map<String, String> key = Map.of("Idempotency-Key", UUID.randomUUID().toString());
        String id = await().atMost(LIMIT)
                .ignoreException(StackException.class)
                .until(
                        () -> RestService.expect(201, orders.send("POST", "/orders", pipeline.anOrder(), key))
                                .path("id")
                                .asText(),
                        _ -> true);
        placed.add(id);
        return id;
    }

    private void delete(String order) {
        assertThat(orders.delete("/orders/" + order).status()).isEqualTo(204);
    }

    /** What is done now arrives on both ways. */
    private void awaitFlow(String after) {
        long from = System.nanoTime();
        String id = placed();
        pipeline.awaitArrivalOf(id);
        double readModel = (System.nanoTime() - from) / 1e9;
        await().atMost(LIMIT)
                .until(() -> replica.rows("select id from orders where id = '" + id + "'")
                                .size()
                        == 1);
        System.out.printf(
                "after %s an order is in the read model in %.1f s, in the replica in %.1f s%n",
                after, readModel, (System.nanoTime() - from) / 1e9);
    }

    private void awaitShoppers(int operations) {
        int due = shoppers.begun() + operations;
        await().atMost(LIMIT).until(() -> shoppers.begun() >= due);
    }

    private void awaitTold(String line) {
        await().atMost(LIMIT)
                .until(() -> pipeline.told().stream().skip(toldBefore).anyMatch(each -> each.matches("(?s)" + line)));
    }

    private double brokenChains() throws Exception {
        try (HttpClient http = HttpClient.newHttpClient()) {
            URI metrics = pipeline.config().projection().resolve("/q/metrics");
            return http.send(HttpRequest.newBuilder(metrics).build(), HttpResponse.BodyHandlers.ofString())
                    .body()
                    .lines()
                    .filter(line -> line.startsWith("feed_chain_broken_total"))
                    .mapToDouble(line -> Double.parseDouble(line.substring(line.lastIndexOf(' '))))
                    .sum();
        }
    }

    private static void signal(String signal, Server server) throws Exception {
        String command = "kill -" + signal + " " + Objects.requireNonNull(server.pid());
        assertThat(new ProcessBuilder("sh", "-c", command).start().waitFor()).isZero();
    }

    private void terminateReaderOf(String slot) {
        source.execute("select pg_terminate_backend(active_pid, 5000) from pg_replication_slots where slot_name = '"
                + slot + "'");
    }
}
