package dev.afterimage.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.afterimage.stack.StackConfig;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.Statement;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import java.util.stream.StreamSupport;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.StringSerializer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The alerts on a real Prometheus that watches the real pipeline, its faults caused and cured. */
@Order(1) // with a pipeline of its own, before the shared one starts
class AlertsIT {

    private static final Duration LIMIT = Duration.ofSeconds(60);

    @TempDir
    Path folder;

    private final HttpClient http = HttpClient.newHttpClient();
    private final ObjectMapper json = new ObjectMapper();
    private URI prometheus = URI.create("http://127.0.0.1");

    @Test
    void aFaultFiresItsAlertsAndItsCureEndsThem() throws Exception {
        Path program = Prometheus.program("prometheus");
        PipelineConfig config = PipelineConfig.onFreePorts(
                Path.of("target/alerts-" + ProcessHandle.current().pid()));
        Consumer<String> say = System.out::println;
        try (Pipeline pipeline = Pipeline.start(config, (what, took) -> {}, say, say)) {
            Process server = start(program, config);
            try {
                RestService orders = new RestService(config.orders());
                Map<String, ?> anOrder = orders.anOrder();
                RestService.expect(202, new RestService(config.projection()).post("/audits", Map.of()));
                await().atMost(LIMIT).untilAsserted(() -> {
                    RestService.expect(201, orders.post("/orders", anOrder));
                    for (String query : AlertsTest.queries()) {
                        assertThat(ask("/api/v1/query?query=" + encoded(query)).at("/data/result"))
                                .as(query)
                                .isNotEmpty();
                    }
                });
                awaitFiring();
                try (Connection hanging = pipeline.postgres().connect("projection");
                        Statement projection = hanging.createStatement();
                        Connection source = pipeline.postgres().connect("orders");
                        Statement outbox = source.createStatement()) {
                    // inserted and not deleted again, with an image that no consumer can read
                    outbox.execute("""
                            insert into outbox (id, aggregate_type, aggregate_id, type, payload, created_at)
                            values (gen_random_uuid(), 'order', gen_random_uuid(), 'OrderPlaced', '{}', now())
                            """);
                    awaitFiring("OutboxNotEmpty", "DeadLetters");
                    send("PUT", config.connect().resolve("/connectors/order-outbox/stop"));
                    send("PUT", config.connect().resolve("/connectors/source-tables/stop"));
                    hanging.setAutoCommit(false);
                    projection.execute("lock table cdc_raw.positions");
                    publishTwoMinutesAgo(pipeline.kafka().bootstrapServers());
                    awaitFiring(
                            "OutboxNotEmpty",
                            "DeadLetters",
                            "ConnectorNotRunning",
                            "SlotInactive",
                            "OtherSlotInactive",
                            "ConsumerStopped",
                            "Behind");

                    hanging.rollback();
                    send("PUT", config.connect().resolve("/connectors/order-outbox/resume"));
                    send("PUT", config.connect().resolve("/connectors/source-tables/resume"));
                    outbox.execute("delete from outbox");
                    RestService service = new RestService(config.projection());
                    for (JsonNode letter : RestService.expect(200, service.get("/dead-letters"))) {
                        assertThat(service.delete("/dead-letters/"
                                                + letter.path("id").asText())
                                        .status())
                                .isEqualTo(204);
                    }
                    awaitFiring();
                }
            } finally {
                server.destroy();
                server.waitFor(10, TimeUnit.SECONDS);
            }
        }
    }

    /** With the files that a deployment takes, except for where the services are, and without its patience. */
    private Process start(Path program, PipelineConfig config) throws Exception {
        String settings = Files.readString(AlertsTest.FOLDER.resolve("prometheus.yaml"))
                .replace("15s", "1s")
                .replace("order-service:8080", config.orders().getAuthority())
                .replace("projection-service:8081", config.projection().getAuthority());
        String rules = Files.readString(AlertsTest.FOLDER.resolve("alerts.yaml"))
                .replaceAll("for: [0-9]+[sm]", "for: 0s")
                .replace("feed_progress_age_seconds) > 30", "feed_progress_age_seconds) > 5");
        Path file = Files.writeString(folder.resolve("prometheus.yaml"), settings);
        Files.writeString(folder.resolve("alerts.yaml"), rules);
        prometheus = URI.create("http://127.0.0.1:" + StackConfig.freePorts(1).getFirst());
        return new ProcessBuilder(
                        program.toString(),
                        "--config.file=" + file,
                        "--storage.tsdb.path=" + folder.resolve("data"),
                        "--web.listen-address=" + prometheus.getAuthority())
                .redirectErrorStream(true)
                .redirectOutput(folder.resolve("log").toFile())
                .start();
    }

    /** Nothing to apply, but old: a delete of what never was. */
    private static void publishTwoMinutesAgo(String bootstrapServers) throws Exception {
        try (KafkaProducer<String, String> producer = new KafkaProducer<>(
                Map.of("bootstrap.servers", bootstrapServers), new StringSerializer(), new StringSerializer())) {
            long then = Instant.now().minus(Duration.ofMinutes(2)).toEpochMilli();
            producer.send(new ProducerRecord<>(
                            "order.events", null, then, UUID.randomUUID().toString(), (String) null))
                    .get();
        }
    }

    private void awaitFiring(String... alerts) {
        Instant began = Instant.now();
        await().atMost(LIMIT).untilAsserted(() -> assertThat(firing()).containsExactlyInAnyOrder(alerts));
        System.out.printf(
                "firing after %.1f s: %s%n",
                Duration.between(began, Instant.now()).toMillis() / 1000.0, List.of(alerts));
    }

    private Set<String> firing() throws Exception {
        return StreamSupport.stream(ask("/api/v1/alerts").at("/data/alerts").spliterator(), false)
                .filter(alert -> alert.path("state").asText().equals("firing"))
                .map(alert -> alert.at("/labels/alertname").asText())
                .collect(Collectors.toSet());
    }

    private static String encoded(String query) {
        return URLEncoder.encode(query, StandardCharsets.UTF_8);
    }

    private JsonNode ask(String path) throws Exception {
        var answer =
                http.send(HttpRequest.newBuilder(URI.create(prometheus + path)).build(), BodyHandlers.ofString());
        assertThat(answer.statusCode()).as(path + answer.body()).isEqualTo(200);
        return json.readTree(answer.body());
    }

    private void send(String method, URI address) throws Exception {
        var request = HttpRequest.newBuilder(address)
                .method(method, HttpRequest.BodyPublishers.noBody())
                .build();
        assertThat(http.send(request, BodyHandlers.discarding()).statusCode()).isLessThan(300);
    }
}
