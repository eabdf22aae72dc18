package dev.afterimage.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.afterimage.stack.Connectors;
import dev.afterimage.stack.Folders;
import dev.afterimage.stack.Server;
import dev.afterimage.stack.StackException;
import dev.afterimage.testing.TestSize;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;

/** Each fault of the README's "When something breaks", one after the other, while random operations go on. */
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
@Order(1) // with a pipeline of its own, before the shared one starts
class RecoveryIT {

    private static final int OPERATIONS = Integer.getInteger("recovery.operations", TestSize.of(15_000, 20_000));
    private static final Duration LIMIT = Duration.ofSeconds(90);
    private static final List<String> SOURCES = List.of("order-outbox", "source-tables");

    private static final List<String> SLOTS = List.of("order_outbox", "source_tables");

    private static final Pattern STEPS =
            Pattern.compile("\n## When something breaks\n.*?```sh\n(.*?)```", Pattern.DOTALL);
    private static final Pattern BEGUN = Pattern.compile("source_tables, begun at (.*)\\.");

    private static final List<String> told = new CopyOnWriteArrayList<>();
    private static final long began = System.nanoTime();
    private static Pipeline pipeline;
    private static RestService orders;
    private static RestService projection;
    private static RestService connect;
    private static Map<String, ?> anOrder;
    private static final Set<String> ours = new HashSet<>();
    private static Shoppers shoppers;

    @BeforeAll
    static void startPipelineAndShoppers() throws IOException {
        Path home = Path.of("target/recovery");
        Folders.delete(home);
        pipeline = Pipeline.start(
                PipelineConfig.onFreePorts(home), (what, took) -> {}, RecoveryIT::tell, RecoveryIT::tell);
        orders = new RestService(pipeline.config().orders());
        projection = new RestService(pipeline.config().projection());
        connect = new RestService(pipeline.config().connect());
        anOrder = orders.anOrder();
        ours.add((String) Objects.requireNonNull(anOrder.get("customerId")));
        ours.add(orders.get("/products?limit=1").body().at("/0/id").asText());
        shoppers = new Shoppers(orders, OPERATIONS, 4711);
    }

    private static void tell(String line) {
        told.add(line);
        System.out.printf(
                "%5.1f s, %5d operations: %s%n",
                (System.nanoTime() - began) / 1e9, shoppers == null ? 0 : shoppers.begun(), line);
    }

    @AfterAll
    static void stop() {
        shoppers.close();
        pipeline.close();
    }

    @Test
    @Order(1)
    void aConnectorThatFailsIsToldAndGoesOnOnceItsCauseIsMended() throws Exception {
        sql("orders", "alter role debezium_tables nologin", "alter role debezium nologin");
        terminateReaderOf("source_tables");
        terminateReaderOf("order_outbox");
        try {
            for (String connector : SOURCES) {
                awaitTold("connector " + connector + " failed; restarting it: .*not permitted to log in.*");
            }
            // not while it is just being restarted
            await().atMost(LIMIT).until(() -> run("status").code() == 2);
        } finally {
            sql("orders", "alter role debezium_tables login", "alter role debezium login");
        }
        awaitFlow("a login refused");
    }

    @Test
    @Order(2)
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
    @Order(3)
    void kafkaMayBeAwayForAMinute() throws Exception {
        int begun = shoppers.begun();
        signal("STOP", pipeline.kafka());
        try {
            // a real minute: transactions and sessions time out in less
            TimeUnit.SECONDS.sleep(60);
            assertThat(projection.get("/q/health/ready").status()).isEqualTo(503);
        } finally {
            signal("CONT", pipeline.kafka());
        }
        assertThat(shoppers.begun()).as("orders are taken meanwhile").isGreaterThan(begun + 100);
        awaitFlow("Kafka away for a minute");
    }

    @Test
    @Order(4)
    void deletedOffsetsRepeatWhatIsAbsorbed() throws Exception {
        stop("order-outbox");
        forgetOffsets("order-outbox");
        awaitShoppers(100);
        resume("order-outbox");
        awaitFlow("the outbox's offsets deleted");

        stop("source-tables");
        awaitNothingOnItsWay("cdc.");
        String begun = rows("orders", "select clock_timestamp()").getFirst();
        forgetOffsets("source-tables");
        awaitShoppers(200);
        resume("source-tables");
        awaitFlow("the tables' offsets deleted");
        assertThat(rows("replica", "select delete_unseen_since('" + begun + "')"))
                .as("rows that were deleted meanwhile")
                .isNotEqualTo(List.of("0"));

        assertAllEqual();
        assertThat(brokenChains()).as("the topics have each version").isZero();
    }

    private static void stop(String connector) {
        RestService.expect(204, connect.put("/connectors/" + connector + "/stop", Map.of()));
    }

    private static void forgetOffsets(String connector) {
        await().atMost(LIMIT)
                .until(() ->
                        connect.delete("/connectors/" + connector + "/offsets").status() == 200);
    }

    private static void resume(String connector) {
        RestService.expect(202, connect.put("/connectors/" + connector + "/resume", Map.of()));
    }

    @Test
    @Order(5)
    void droppedSlotsAreNoticedAndMended() throws Exception {
        for (String slot : SLOTS) {
            await().atMost(LIMIT)
                    .ignoreExceptionsInstanceOf(SQLException.class) // its reader came back in between
                    .until(() -> {
                        terminateReaderOf(slot);
                        sql("orders", "select pg_drop_replication_slot('" + slot + "')");
                        return true;
                    });
        }
        for (String connector : SOURCES) {
            awaitTold("connector " + connector + " failed; restarting it: .*no longer available on the server.*");
        }
        awaitNoticed("/data/state", "missing");
        assertThat(run("status").text())
                .contains("slot order_outbox of connector order-outbox is gone")
                .contains("slot source_tables of connector source-tables is gone");
        awaitShoppers(200);
        assertThat(rows("orders", "select slot_name from pg_replication_slots"))
                .as("made anew by nobody")
                .isEmpty();
        mend();
    }

    @Test
    @Order(6)
    void slotsThatLostTheirLogAreNoticedAndMended() throws Exception {
        sql("orders", "alter system set max_slot_wal_keep_size = '16MB'", "select pg_reload_conf()");
        try {
            for (String connector : SOURCES) {
                assertThat(run("connectors", "pause", connector).code()).isZero();
            }
            await().atMost(LIMIT).until(() -> {
                sql(
                        "orders",
                        "select pg_logical_emit_message(false, 'filler', '')",
                        "select pg_switch_wal()",
                        "checkpoint");
                return rows("orders", "select slot_name from pg_replication_slots where wal_status = 'lost'")
                                .size()
                        == SLOTS.size();
            });
        } finally {
            sql("orders", "alter system reset max_slot_wal_keep_size", "select pg_reload_conf()");
        }
        for (String connector : SOURCES) {
            connect.put("/connectors/" + connector + "/resume", Map.of());
        }
        awaitNoticed("/data/wal", "lost");
        assertThat(run("status").text())
                .contains("slot order_outbox has lost its log")
                .contains("slot source_tables has lost its log");
        awaitShoppers(200);
        mend();
    }

    @Test
    @Order(7)
    void afterwardsAllIsThereThatTheShoppersWereTold() throws Exception {
        assertThat(shoppers.end(Duration.ofMinutes(5))).isTrue();
        tell(shoppers.repeated() + " requests were repeated");
        assertThat(shoppers.begun()).isGreaterThanOrEqualTo(OPERATIONS);
        assertThat(shoppers.wrong()).isEmpty();
        for (String table : List.of("customers", "products", "orders")) {
            assertThat(rows(
                            "orders",
                            "select id from " + table + " where id not in ('" + String.join("','", ours) + "')"))
                    .containsExactlyInAnyOrderElementsOf(shoppers.there(table));
        }
        assertThat(RestService.expect(200, projection.get("/dead-letters"))).isEmpty();
        assertAllEqual();
    }

    /** By the order-service's health, of both slots. */
    private static void awaitNoticed(String datum, String value) {
        Map.of("/q/health/ready", "replication slot", "/q/health/well", "table slot")
                .forEach((path, name) -> await().atMost(LIMIT)
                        .untilAsserted(() -> assertThat(orders.get(path).body().path("checks"))
                                .filteredOn(check -> check.path("name").asText().equals(name))
                                .singleElement()
                                .satisfies(check -> {
                                    assertThat(check.path("status").asText()).isEqualTo("DOWN");
                                    assertThat(check.at(datum).asText()).isEqualTo(value);
                                })));
    }

    /** As a shell takes them. */
    private static Stream<String> words(String step) {
        return Pattern.compile("\"([^\"]*)\"|\\S+")
                .matcher(step)
                .results()
                .map(word -> word.group(1) == null ? word.group() : word.group(1));
    }

    /** Does the README's steps. */
    private static void mend() throws Exception {
        Matcher steps = STEPS.matcher(Files.readString(Connectors.folder().resolveSibling("README.md")));
        assertThat(steps.find()).isTrue();
        String begun = "";
        for (String line : steps.group(1).lines().toList()) {
            String step = line.replaceFirst("#.*", "").strip().replace("…", begun);
            if (step.equals("infra/afterimage status")) {
                awaitNothingOnItsWay("");
            } else {
                Run done = run(words(step).skip(1).toArray(String[]::new));
                tell(step + ": " + done.text());
                assertThat(done.code()).as(done.text()).isZero();
                if (step.contains("delete_unseen_since")) {
                    assertThat(done.text().strip())
                            .as("rows that were deleted in the gap")
                            .doesNotEndWith(" 0");
                }
                Matcher time = BEGUN.matcher(done.text());
                begun = time.find() ? time.group(1) : begun;
            }
        }
    }

    private static void awaitNothingOnItsWay(String topics) {
        await().atMost(LIMIT).untilAsserted(() -> {
            JsonNode report = json(run("status", "--json").text());
            assertThat(report.path("lags"))
                    .filteredOn(lag -> lag.path("topic").asText().startsWith(topics))
                    .isNotEmpty()
                    .allSatisfy(lag -> assertThat(lag.path("oldestMs").asLong()).isZero());
        });
    }

    private static JsonNode json(String text) {
        try {
            return new ObjectMapper().readTree(text);
        } catch (JsonProcessingException e) {
            throw new AssertionError(text, e);
        }
    }

    private static void assertAllEqual() {
        Run audit = run("audit");
        assertThat(audit.code()).as(audit.text()).isZero();
    }

    /** What is done now arrives on both ways. */
    private static void awaitFlow(String after) {
        long from = System.nanoTime();
        Map<String, String> key = Map.of("Idempotency-Key", UUID.randomUUID().toString());
        String id = await().atMost(LIMIT)
                .ignoreException(StackException.class)
                .until(
                        () -> RestService.expect(201, orders.send("POST", "/orders", anOrder, key))
                                .path("id")
                                .asText(),
                        _ -> true);
        ours.add(id);
        await().atMost(LIMIT)
                .ignoreException(StackException.class)
                .until(() -> projection.get("/orders/" + id).status() == 200);
        double readModel = (System.nanoTime() - from) / 1e9;
        await().atMost(LIMIT)
                .until(() -> rows("replica", "select id from orders where id = '" + id + "'")
                                .size()
                        == 1);
        tell("after %s an order is in the read model in %.1f s, in the replica in %.1f s"
                .formatted(after, readModel, (System.nanoTime() - from) / 1e9));
    }

    private static void awaitShoppers(int operations) {
        int due = Math.min(shoppers.begun() + operations, OPERATIONS);
        await().atMost(LIMIT).until(() -> shoppers.begun() >= due);
    }

    private static void awaitTold(String line) {
        int from = told.size();
        await().atMost(LIMIT).until(() -> told.stream().skip(from).anyMatch(each -> each.matches("(?s)" + line)));
    }

    private record Run(int code, String text) {}

    private static Run run(String... arguments) {
        var config = pipeline.config();
        var out = new StringWriter();
        var writer = new PrintWriter(out);
        int code = Afterimage.commandLine()
                .setOut(writer)
                .setErr(writer)
                .execute(Stream.concat(
                                Stream.of(arguments),
                                Stream.of(
                                        "--home=" + config.stack().home(),
                                        "--postgres-port=" + config.stack().postgresPort(),
                                        "--kafka-port=" + config.stack().kafkaPort(),
                                        "--connect-port=" + config.stack().connectPort(),
                                        "--order-port=" + config.orderPort(),
                                        "--projection-port=" + config.projectionPort()))
                        .toArray(String[]::new));
        return new Run(code, out.toString());
    }

    private static double brokenChains() throws Exception {
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

    private static void terminateReaderOf(String slot) throws SQLException {
        sql(
                "orders",
                "select pg_terminate_backend(active_pid, 5000) from pg_replication_slots where slot_name = '" + slot
                        + "'");
    }

    private static void sql(String database, String... statements) throws SQLException {
        try (Connection connection = pipeline.postgres().connect(database);
                Statement statement = connection.createStatement()) {
            for (String each : statements) {
                statement.execute(each);
            }
        }
    }

    /** The first column. */
    private static List<String> rows(String database, String query) throws SQLException {
        return Rows.of(pipeline.postgres(), database, query);
    }
}
