package dev.afterimage.projection.status;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.json.JsonMapper;
import com.sun.net.httpserver.HttpServer;
import dev.afterimage.projection.status.PipelineStatus.Reached;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Answers of upstream components that fail. The pipeline's own test shows that the real components answer like this.
 */
class PipelineTest {

    private final CountDownLatch finished = new CountDownLatch(1);
    private final AtomicInteger asked = new AtomicInteger();
    private HttpServer server;

    @BeforeEach
    void listen() throws IOException {
        server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.setExecutor(Executors.newVirtualThreadPerTaskExecutor());
        server.start();
    }

    @AfterEach
    void stop() {
        finished.countDown();
        server.stop(0);
    }

    @Test
    void tellsTheFirstLineOfAFailureAndNothingElseOfIt() {
        answer("/connectors", 200, """
                {"order-outbox": {"status": {
                  "name": "order-outbox",
                  "connector": {"state": "RUNNING", "worker_id": "127.0.0.1:8083"},
                  "tasks": [
                    {"id": 0, "state": "FAILED", "worker_id": "127.0.0.1:8083",
                     "trace": "org.apache.kafka.connect.errors.ConnectException: The slot is gone\\n\\tat io.debezium.Some.java\\n"},
                    {"id": 1, "state": "RUNNING", "worker_id": "127.0.0.1:8083"}],
                  "type": "source"}}}
                """);

        PipelineStatus.Connect connect = status().connect();

        assertThat(connect.state()).isEqualTo(Reached.ANSWERS);
        assertThat(connect.connectors()).singleElement().satisfies(connector -> {
            assertThat(connector.name()).isEqualTo("order-outbox");
            assertThat(connector.state()).isEqualTo("RUNNING");
            assertThat(connector.tasks())
                    .containsExactly(
                            new PipelineStatus.Task(0, "FAILED", "The slot is gone"),
                            new PipelineStatus.Task(1, "RUNNING", null));
        });
    }

    @Test
    void tellsOfTheSlotAlsoWhileTheOrderServiceIsNotHealthy() {
        answer("/q/health", 503, """
                {"status": "DOWN", "checks": [
                  {"name": "replication slot", "status": "DOWN", "data": {"slot": "order_outbox", "active": false,
                   "wal": "extended", "retainedWalBytes": 2048, "maxRetainedWalBytes": 1024}},
                  {"name": "outbox", "status": "DOWN", "data": {"rows": 3, "slotActive": false,
                   "oldestUnconfirmedMs": 512}},
                  {"name": "table slot", "status": "DOWN", "data": {"slot": "source_tables",
                   "oldestUnconfirmedMs": 40000}}]}
                """);

        assertThat(status().source())
                .isEqualTo(new PipelineStatus.Source(
                        Reached.ANSWERS,
                        new PipelineStatus.Slot(false, "extended", 2048, 1024, 512),
                        3L,
                        40_000L,
                        null));
    }

    @Test
    void saysWhyThereIsNoSlot() {
        answer("/q/health", 503, """
                {"status": "DOWN", "checks": [
                  {"name": "replication slot", "status": "DOWN", "data": {"slot": "order_outbox", "state": "missing"}}]}
                """);

        assertThat(status().source())
                .isEqualTo(new PipelineStatus.Source(Reached.ANSWERS, null, null, null, "missing"));
    }

    @Test
    void showsASlowBrokenOrStoppedComponentAsUnreachable() {
        server.createContext("/connectors", exchange -> {
            exchange.sendResponseHeaders(200, 0);
            exchange.getResponseBody().write('{'); // and never more
            exchange.getResponseBody().flush();
            try {
                finished.await();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        });
        answer("/q/health", 200, "<html>");
        Instant began = Instant.now();

        PipelineStatus status = status();

        assertThat(Duration.between(began, Instant.now())).isLessThan(Duration.ofSeconds(3));
        assertThat(status.connect().state()).isEqualTo(Reached.UNREACHABLE);
        assertThat(status.source().state()).isEqualTo(Reached.UNREACHABLE);

        server.stop(0);
        assertThat(status().connect().state()).isEqualTo(Reached.UNREACHABLE);
    }

    @Test
    void asksOnceForManyWatchersAndNotAtAllWithoutAnAddress() {
        answer("/connectors", 200, "{}");
        var pipeline = pipeline(Optional.of(address()), Optional.empty());

        for (int i = 0; i < 20; i++) {
            assertThat(pipeline.status().source().state()).isEqualTo(Reached.NOT_ASKED);
        }

        assertThat(asked).hasValue(1);
        pipeline.close();
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
                    RUNNING | [{"id": 0, "state": "RUNNING"}]                                | 1
                    RUNNING | [{"id": 0, "state": "RUNNING"}, {"id": 1, "state": "FAILED"}]  | 0
                    RUNNING | []                                                             | 0
                    PAUSED  | [{"id": 0, "state": "RUNNING"}]                                | 0
                    """)
    void aConnectorRunsWhenAllOfItsTasksDo(String state, String tasks, double running) {
        answer("/connectors", 200, """
                {"order-outbox": {"status": {"name": "order-outbox", "connector": {"state": "%s"}, "tasks": %s}}}
                """.formatted(state, tasks));
        var registry = new SimpleMeterRegistry();
        var pipeline = pipeline(Optional.of(address()), Optional.empty());
        new PipelineMetrics(pipeline).bindTo(registry);

        assertThat(registry.get("pipeline.connect.up").gauge().value()).isEqualTo(1);
        assertThat(registry.get("pipeline.connector.running")
                        .tag("connector", "order-outbox")
                        .gauge()
                        .value())
                .isEqualTo(running);
        pipeline.close();
    }

    @Test
    void aConnectorDoesNotRunWhileConnectDoesNotAnswerAndIsForgottenOnceItIsDeleted() {
        answer("/connectors", 200, """
                {"order-outbox": {"status": {"name": "order-outbox", "connector": {"state": "RUNNING"}, "tasks": []}}}
                """);
        var registry = new SimpleMeterRegistry();
        var pipeline = pipeline(Optional.of(address()), Optional.empty());
        new PipelineMetrics(pipeline).bindTo(registry);
        assertThat(registry.get("pipeline.connect.up").gauge().value()).isEqualTo(1);
        Gauge running = registry.get("pipeline.connector.running").gauge();

        server.removeContext("/connectors");
        await().untilAsserted(() ->
                assertThat(registry.get("pipeline.connect.up").gauge().value()).isZero());
        assertThat(running.value()).isZero();

        answer("/connectors", 200, "{}");
        await().untilAsserted(() -> assertThat(running.value()).isNaN());
        pipeline.close();
    }

    private PipelineStatus status() {
        var pipeline = pipeline(Optional.of(address()), Optional.of(address()));
        try {
            return pipeline.status();
        } finally {
            pipeline.close();
        }
    }

    private static Pipeline pipeline(Optional<URI> connect, Optional<URI> orders) {
        return new Pipeline(
                new Pipeline.Addresses() {
                    @Override
                    public Optional<URI> connectUrl() {
                        return connect;
                    }

                    @Override
                    public Optional<URI> orderServiceUrl() {
                        return orders;
                    }
                },
                new JsonMapper());
    }

    private URI address() {
        return URI.create("http://127.0.0.1:" + server.getAddress().getPort());
    }

    private void answer(String path, int status, String body) {
        server.createContext(path, exchange -> {
            asked.incrementAndGet();
            byte[] bytes = body.getBytes(StandardCharsets.UTF_8);
            exchange.sendResponseHeaders(status, bytes.length);
            try (var out = exchange.getResponseBody()) {
                out.write(bytes);
            }
        });
    }
}
