package dev.afterimage.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.afterimage.cli.Topic.Message;
import dev.afterimage.cli.service.LocalPipeline;
import dev.afterimage.cli.service.LocalPipelineConfig;
import dev.afterimage.cli.service.RestService;
import dev.afterimage.stack.ConnectWorker;
import dev.afterimage.stack.Connectors;
import dev.afterimage.stack.Folders;
import dev.afterimage.stack.KafkaBroker;
import dev.afterimage.stack.Postgres;
import dev.afterimage.stack.Server;
import dev.afterimage.stack.StackConfig;
import dev.afterimage.stack.StackException;
import dev.afterimage.testing.Database;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.UUID;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.stream.Stream;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.ExtensionContext.Namespace;
import org.junit.jupiter.api.extension.ParameterContext;
import org.junit.jupiter.api.extension.ParameterResolver;

/**
 * The pipeline of all tests of this JVM: started for the first, stopped after the last. A test knows its own data by their ids
 * and leaves the pipeline well: each part running, all copies equal, no connector, slot or dead letter of its own.
 */
public final class TestPipeline implements AutoCloseable {

    static final String EVENTS = "order.events";
    static final Duration LIMIT = Duration.ofSeconds(90);

    /** Gives a test class the pipeline. */
    public static final class Shared implements ParameterResolver {

        @Override
        public boolean supportsParameter(ParameterContext parameter, ExtensionContext context) {
            return parameter.getParameter().getType() == TestPipeline.class;
        }

        @Override
        public TestPipeline resolveParameter(ParameterContext parameter, ExtensionContext context) {
            return context.getRoot()
                    .getStore(Namespace.GLOBAL)
                    .computeIfAbsent(TestPipeline.class, _ -> new TestPipeline(), TestPipeline.class);
        }
    }

    /** How a command of the command line ended, and what it printed. */
    public record Run(int code, String out, String err) {}

    private final List<String> told = new CopyOnWriteArrayList<>();
    private LocalPipeline pipeline;
    private final RestService orders;
    private final RestService projection;
    private final Map<String, ?> anOrder;

    private TestPipeline() {
        Path home = Path.of("target/journey");
        try {
            // what another version of the services left there is not ours to judge
            Folders.delete(home);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        // in a native build on the executables
        pipeline = start(LocalPipelineConfig.onFreePorts(home, Boolean.getBoolean("afterimage.native")));
        pollLessOften();
        orders = new RestService(pipeline.config().orders());
        projection = new RestService(pipeline.config().projection());
        anOrder = orders.anOrder();
    }

    private LocalPipeline start(LocalPipelineConfig config) {
        return LocalPipeline.start(config, (what, _) -> tell(what + " is ready"), this::tell, this::tell);
    }

    /** As Ctrl-C and {@code up}. */
    void restart() {
        close();
        pipeline = start(config());
    }

    /** A test waits some milliseconds more for an event, and the cores have less to do. */
    private void pollLessOften() {
        Path file = Connectors.folder().resolve("order-outbox.json");
        try {
            ObjectNode config = new ObjectMapper().readValue(file.toFile(), ObjectNode.class);
            connect().connectors().apply(Connectors.name(file), config.put("poll.interval.ms", "50"));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private void tell(String line) {
        told.add(line);
        System.out.println(line);
    }

    /** What {@code up} would have printed so far of starts, deaths and failures. */
    List<String> told() {
        return told;
    }

    /** Fails when a process is left; one that was killed because it did not stop has a moment to go. */
    @Override
    public void close() {
        List<Long> pids = pipeline.servers().stream()
                .map(Server::pid)
                .filter(Objects::nonNull)
                .toList();
        pipeline.close();
        await().untilAsserted(() -> assertThat(pids)
                .allSatisfy(pid -> assertThat(ProcessHandle.of(pid)).isEmpty()));
    }

    LocalPipeline parts() {
        return pipeline;
    }

    LocalPipelineConfig config() {
        return pipeline.config();
    }

    public StackConfig stack() {
        return config().stack();
    }

    Postgres postgres() {
        return pipeline.postgres();
    }

    KafkaBroker kafka() {
        return pipeline.kafka();
    }

    ConnectWorker connect() {
        return pipeline.connect();
    }

    /** Of that name, as the superuser. */
    public Database database(String name) {
        return Database.of(postgres().jdbcUrl(name));
    }

    RestService orders() {
        return orders;
    }

    RestService projection() {
        return projection;
    }

    /** The body of an order of 59.80. */
    Map<String, ?> anOrder() {
        return anOrder;
    }

    /** The same for a customer of its own, by which the test finds what became of it. */
    Map<String, ?> anOrderOf(String customer) {
        return Map.of("customerId", customer, "items", Objects.requireNonNull(anOrder.get("items")));
    }

    String registered() {
        Map<String, String> customer = Map.of("name", "Ada", "email", UUID.randomUUID() + "@example.com");
        return RestService.expect(201, orders.post("/customers", customer))
                .path("id")
                .asText();
    }

    String placed() {
        return RestService.expect(201, orders.post("/orders", anOrder))
                .path("id")
                .asText();
    }

    /** Both services may be away at the moment. */
    void awaitArrivalOf(String order) {
        await().atMost(LIMIT)
                .ignoreException(StackException.class)
                .until(() -> projection.get("/orders/" + order).status() == 200);
    }

    /** On the topics whose names begin so. */
    void awaitNothingOnItsWay(String topics) {
        await().atMost(LIMIT).untilAsserted(() -> {
            JsonNode report =
                    new ObjectMapper().readTree(run("status", "--json").out());
            assertThat(report.path("lags"))
                    .filteredOn(lag -> lag.path("topic").asText().startsWith(topics))
                    .isNotEmpty()
                    .allSatisfy(lag -> assertThat(lag.path("oldestMs").asLong()).isZero());
        });
    }

    void discardDeadLetters() {
        for (JsonNode letter : RestService.expect(200, projection.get("/dead-letters"))) {
            String address = "/dead-letters/" + letter.path("id").asText();
            assertThat(projection.delete(address).status()).isEqualTo(204);
        }
    }

    List<Message> messages(String topic) {
        return Topic.read(kafka().bootstrapServers(), topic);
    }

    /** What lies on {@code order.events} of an order. */
    List<Message> messagesOf(String order) {
        return messages(EVENTS).stream()
                .filter(message -> message.key().equals(order))
                .toList();
    }

    /** A command that is told where this pipeline is. */
    Run run(String... arguments) {
        return execute(Stream.concat(Stream.of(arguments), options().stream()).toArray(String[]::new));
    }

    /** The options that tell a command where this pipeline is. */
    List<String> options() {
        StackConfig stack = stack();
        return List.of(
                "--home=" + stack.home(),
                "--postgres-port=" + stack.postgresPort(),
                "--kafka-port=" + stack.kafkaPort(),
                "--connect-port=" + stack.connectPort(),
                "--connect-metrics-port=" + stack.metricsPort(),
                "--order-port=" + config().orderPort(),
                "--projection-port=" + config().projectionPort());
    }

    /** A command as it stands. */
    public static Run execute(String... arguments) {
        var out = new StringWriter();
        var err = new StringWriter();
        int code = Afterimage.commandLine()
                .setOut(new PrintWriter(out))
                .setErr(new PrintWriter(err))
                .execute(arguments);
        return new Run(code, out.toString(), err.toString());
    }

    void awaitReadModelEqualToSource() {
        String columns = "id, customer_id, status, currency, total, created_at, updated_at, version";
        String items = "order_id, product_id, quantity, unit_price, line_total";
        Database source = database("orders");
        Database model = database("projection");
        await().atMost(LIMIT).untilAsserted(() -> {
            assertThat(model.rows("select " + columns + " from cdc_processed.orders order by id"))
                    .isEqualTo(source.rows("select " + columns + " from orders order by id"));
            assertThat(model.rows("select " + items + " from cdc_processed.order_items order by 1, line_no"))
                    .isEqualTo(source.rows("select " + items + " from order_items order by 1, position"));
        });
    }

    void awaitReplicaEqualToSource() {
        await().atMost(LIMIT).untilAsserted(() -> {
            for (String query : List.of(
                    "select id, name, email, created_at, updated_at, version from customers order by id",
                    "select id, sku, name, price, created_at, updated_at, version from products order by id",
                    "select id, customer_id, status, currency, total, created_at, updated_at, version from orders"
                            + " order by id",
                    "select order_id, position, product_id, quantity, unit_price, line_total from order_items"
                            + " order by 1, 2")) {
                assertThat(database("replica").rows(query))
                        .isEqualTo(database("orders").rows(query));
            }
        });
    }
}
