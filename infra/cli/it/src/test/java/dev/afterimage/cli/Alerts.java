package dev.afterimage.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import dev.afterimage.cli.service.LocalPipelineConfig;
import dev.afterimage.stack.Connectors;
import dev.afterimage.stack.StackConfig;
import java.io.IOException;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.StreamSupport;

/** A real Prometheus that watches the pipeline with the files of a deployment, but with shorter times. */
final class Alerts implements AutoCloseable {

    static final Path FOLDER =
            Connectors.folder().resolveSibling("infra/deploy/monitoring").normalize();

    private static final YAMLMapper YAML = new YAMLMapper();

    private final HttpClient http = HttpClient.newHttpClient();
    private final ObjectMapper json = new ObjectMapper();
    private final URI prometheus =
            URI.create("http://127.0.0.1:" + StackConfig.freePorts(1).getFirst());
    private final Process server;

    /** @param program see {@link dev.afterimage.testing.Prometheus#program} */
    Alerts(Path program, LocalPipelineConfig config, Path folder) throws IOException {
        JsonNode settings = YAML.readTree(FOLDER.resolve("prometheus.yaml").toFile());
        settings.withObject("/global").put("scrape_interval", "1s").put("evaluation_interval", "1s");
        Map<String, URI> addresses = Map.of(
                "order-service", config.orders(),
                "projection-service", config.projection(),
                "connect", config.stack().connectMetrics());
        for (JsonNode job : settings.path("scrape_configs")) {
            URI address =
                    Objects.requireNonNull(addresses.get(job.path("job_name").asText()));
            job.withObject("/static_configs/0").putArray("targets").add(address.getAuthority());
        }
        JsonNode rules = YAML.readTree(FOLDER.resolve("alerts.yaml").toFile());
        for (JsonNode alert : rules.at("/groups/0/rules")) {
            String query = alert.path("expr")
                    .asText()
                    .replace("feed_progress_age_seconds) > 30", "feed_progress_age_seconds) > 5")
                    // on a slow machine a fault lasts longer than a minute
                    .replace("unconfirmed_age_seconds) > 30", "unconfirmed_age_seconds) > 600");
            ((ObjectNode) alert).put("for", "0s").put("expr", query);
        }
        // YAML contains JSON
        Path file = folder.resolve("prometheus.yaml");
        json.writeValue(file.toFile(), settings);
        json.writeValue(folder.resolve("alerts.yaml").toFile(), rules);
        server = new ProcessBuilder(
                        program.toString(),
                        "--config.file=" + file,
                        "--storage.tsdb.path=" + folder.resolve("data"),
                        "--web.listen-address=" + prometheus.getAuthority())
                .redirectErrorStream(true)
                .redirectOutput(folder.resolve("log").toFile())
                .start();
    }

    void awaitFiring(String... alerts) {
        await().atMost(TestPipeline.LIMIT)
                .untilAsserted(() -> assertThat(firing()).containsExactlyInAnyOrder(alerts));
        System.out.println("firing: " + List.of(alerts));
    }

    private Set<String> firing() throws Exception {
        return StreamSupport.stream(ask("/api/v1/alerts").at("/data/alerts").spliterator(), false)
                .filter(alert -> alert.path("state").asText().equals("firing"))
                .map(alert -> alert.at("/labels/alertname").asText())
                .collect(Collectors.toSet());
    }

    JsonNode result(String query) throws Exception {
        return ask("/api/v1/query?query=" + URLEncoder.encode(query, StandardCharsets.UTF_8))
                .at("/data/result");
    }

    private JsonNode ask(String path) throws Exception {
        var answer =
                http.send(HttpRequest.newBuilder(URI.create(prometheus + path)).build(), BodyHandlers.ofString());
        assertThat(answer.statusCode()).as(path + answer.body()).isEqualTo(200);
        return json.readTree(answer.body());
    }

    @Override
    public void close() throws InterruptedException {
        server.destroy();
        if (!server.waitFor(10, TimeUnit.SECONDS)) {
            server.destroyForcibly().waitFor();
        }
        http.close();
    }
}
