package dev.afterimage.cli;

import static dev.afterimage.cli.TestPipeline.EVENTS;
import static dev.afterimage.cli.TestPipeline.LIMIT;
import static java.util.stream.Collectors.groupingBy;
import static java.util.stream.Collectors.toMap;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.afterimage.cli.TestPipeline.Run;
import dev.afterimage.cli.Topic.Message;
import dev.afterimage.cli.service.LocalPipeline;
import dev.afterimage.cli.service.RestService;
import dev.afterimage.stack.Server;
import dev.afterimage.testing.Prometheus;
import dev.afterimage.testing.TestSize;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/**
 * Kills, outages and each fault of "When something breaks" in infra/README.md that loses no event: the fault is reported, and
 * the pipeline recovers. It mostly waits, so it comes first, while tests of other modules use the cores.
 */
@ExtendWith(TestPipeline.Shared.class)
@Order(1)
class RecoveryIT extends FaultsUnderLoad {

    private static final Duration KAFKA_AWAY = Duration.ofSeconds(TestSize.of(15, 60));

    private final RestService connect;

    @TempDir
    Path folder;

    RecoveryIT(TestPipeline pipeline) {
        super(pipeline);
        this.connect = new RestService(pipeline.config().stack().connect());
    }

    @Test
    void killsOfConnectProjectionAndKafkaLoseAndDoubleNothing() throws Exception {
        LocalPipeline parts = pipeline.parts();
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
        pipeline.awaitNothingOnItsWay("cdc.");
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
}
