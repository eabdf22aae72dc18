package dev.afterimage.stack;

import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.Predicate;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The connectors of a Kafka Connect worker, through its
 * <a href="https://kafka.apache.org/documentation/#connect_rest">REST API</a>.
 */
public final class Connectors {

    private static final Duration RUNNING_LIMIT = Duration.ofSeconds(60);
    private static final ObjectMapper JSON =
            new ObjectMapper().disable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES);

    private final URI worker;
    private final HttpClient http =
            HttpClient.newBuilder().connectTimeout(Duration.ofSeconds(1)).build();

    /** @param worker the address of the REST API */
    public Connectors(URI worker) {
        this.worker = worker;
    }

    // -- the worker's answers, as far as we read them

    private record Part(String state, @Nullable String trace) {

        private Optional<String> failure() {
            return state.equals("FAILED")
                    ? Optional.of(Objects.requireNonNullElse(trace, "no reason given"))
                    : Optional.empty();
        }
    }

    private record Reported(String name, String type, Part connector, List<Part> tasks) {

        private ConnectorStatus status() {
            return new ConnectorStatus(
                    name,
                    type,
                    connector.state(),
                    tasks.stream().map(Part::state).toList(),
                    Stream.concat(Stream.of(connector), tasks.stream())
                            .flatMap(part -> part.failure().stream())
                            .findFirst());
        }
    }

    private record Configured(String name, Map<String, String> config) {}

    private record Expanded(Reported status, Configured info) {}

    private record Plugin(@JsonProperty("class") String name) {}

    private record Value(String name, List<String> errors) {}

    private record Setting(Value value) {}

    private record Validation(List<Setting> configs) {}

    private record Refusal(@Nullable String message) {}

    /**
     * The offsets of a connector.
     *
     * @param offsets of a source its position in the log, of a sink its Kafka offsets
     */
    public record Offsets(List<Offset> offsets) {}

    /** An offset and what it belongs to, both as the worker stores them. */
    public record Offset(JsonNode partition, JsonNode offset) {}

    /** The folder {@code connectors/} of this repository. */
    public static Path folder() {
        return Checkout.find("connectors/topics.json")
                .map(Folders::parent)
                .orElseThrow(() ->
                        new StackException("The folder connectors/ is not here: run this from inside the repository."));
    }

    /**
     * The names of all connectors.
     *
     * @throws IOException when the worker cannot be reached
     * @throws StackException when it answers with an error, as it does while it starts
     */
    public List<String> names() throws IOException {
        return List.of(read("/connectors", String[].class));
    }

    /**
     * The status of every connector, sorted by name.
     *
     * @throws IOException when the worker cannot be reached
     * @throws StackException when it answers with an error, as it does while it starts
     */
    public List<ConnectorStatus> all() throws IOException {
        return expanded().stream()
                .map(each -> each.status().status())
                .sorted(Comparator.comparing(ConnectorStatus::name))
                .toList();
    }

    /**
     * Creates or changes the connector as the file says, and waits until the connector runs. A paused or stopped
     * connector is resumed. The name of the file is the name of the connector.
     *
     * @throws StackException when the configuration is wrong (then nothing is changed), or when the connector does not
     *     run within a minute
     */
    public void apply(Path file) {
        try {
            apply(name(file), Files.readString(file));
        } catch (NoSuchFileException e) {
            throw new StackException("There is no file " + file + ".", e);
        } catch (IOException e) {
            throw new StackException("Connector file " + file + " cannot be read: " + e.getMessage(), e);
        }
    }

    /**
     * As {@link #apply(Path)}, with the configuration as a JSON object instead of a file.
     *
     * @throws StackException as above
     */
    public void apply(String name, String config) {
        try {
            List<String> wrong = validate(name, config);
            if (!wrong.isEmpty()) {
                throw new StackException("Connector " + name + " is configured wrongly: " + String.join("; ", wrong));
            }
            change(
                    name,
                    request(name, "/config")
                            .header("Content-Type", "application/json")
                            .PUT(HttpRequest.BodyPublishers.ofString(config)));
            awaitRunning(name);
        } catch (IOException e) {
            throw new StackException("Connector " + name + " cannot be applied: " + e.getMessage(), e);
        }
    }

    private void awaitRunning(String name) throws IOException {
        Instant deadline = Instant.now().plus(RUNNING_LIMIT);
        Optional<ConnectorStatus> status = status(name);
        for (int look = 1; !status.map(ConnectorStatus::running).orElse(false); look++) {
            if (Instant.now().isAfter(deadline)) {
                throw new StackException("Connector " + name + " does not run after " + RUNNING_LIMIT.toSeconds()
                        + " s: " + status.flatMap(ConnectorStatus::failure).orElse("it has no task"));
            }
            // a reported failure may be left from the previous run, or be temporary, for example a slot that is still
            // in use
            if (look % 10 == 0 && status.map(ConnectorStatus::failed).orElse(false)) {
                restartFailed(name);
            } else if (look % 10 == 0 && status.map(ConnectorStatus::halted).orElse(false)) {
                letGoOn(name);
            }
            Server.pause(Duration.ofMillis(100));
            status = status(name);
        }
    }

    /**
     * Returns the errors in a connector's configuration, one line for each wrong setting: its name and the reason.
     * Applies nothing. An empty list does not guarantee that the connector runs.
     *
     * @throws IOException when the file or the worker cannot be read
     * @throws StackException when the file is no JSON object or names a connector class that the worker does not have
     */
    public List<String> validate(Path file) throws IOException {
        return validate(name(file), Files.readString(file));
    }

    private List<String> validate(String name, String config) throws IOException {
        ObjectNode settings;
        try {
            settings = JSON.readValue(config, ObjectNode.class);
        } catch (JsonProcessingException e) {
            throw new StackException(name + ".json is no JSON object: " + e.getOriginalMessage(), e);
        }
        String type = settings.path("connector.class").asText();
        List<String> known = Stream.of(read("/connector-plugins", Plugin[].class))
                .map(Plugin::name)
                .toList();
        if (!known.contains(type)) {
            throw new StackException("The worker has no connector.class \"" + type + "\", which " + name
                    + ".json asks for; it has " + String.join(", ", known));
        }
        HttpRequest.Builder validation = request("/connector-plugins/" + type + "/config/validate")
                .header("Content-Type", "application/json")
                .PUT(HttpRequest.BodyPublishers.ofString(
                        settings.put("name", name).toString()));
        return JSON.readValue(accepted(send(validation)).body(), Validation.class).configs().stream()
                .map(Setting::value)
                .flatMap(setting -> setting.errors().stream().map(error -> setting.name() + ": " + error))
                .toList();
    }

    /** The name of the connector that is configured by this file. */
    public static String name(Path file) {
        return file.getFileName().toString().replaceFirst("\\.json$", "");
    }

    /** Repeats the request while the worker answers 409, as it does while its group rebalances after a start. */
    private void change(String name, HttpRequest.Builder request) throws IOException {
        Instant deadline = Instant.now().plus(RUNNING_LIMIT);
        HttpResponse<String> response = send(request);
        while (passing(response.statusCode()) && Instant.now().isBefore(deadline)) {
            Server.pause(Duration.ofMillis(200));
            response = send(request);
        }
        if (response.statusCode() >= 300) {
            throw new StackException("Connect refuses " + name + ": " + message(response));
        }
    }

    private static boolean passing(int status) {
        return status == 409 || status >= 500;
    }

    /**
     * The status of the connector, or empty when no connector has that name.
     *
     * @throws IOException when the worker cannot be reached
     */
    public Optional<ConnectorStatus> status(String name) throws IOException {
        HttpResponse<String> response = send(request(name, "/status").GET());
        if (response.statusCode() == 404) {
            return Optional.empty();
        }
        return Optional.of(
                JSON.readValue(accepted(response).body(), Reported.class).status());
    }

    /**
     * Restarts the connector if it has failed, and its failed tasks. Running tasks are not restarted.
     *
     * @throws IOException when the worker cannot be reached
     */
    public void restartFailed(String name) throws IOException {
        accepted(send(
                request(name, "/restart?includeTasks=true&onlyFailed=true").POST(HttpRequest.BodyPublishers.noBody())));
    }

    /**
     * Restarts the connector and all its tasks, in any state, and waits until they run.
     *
     * @throws IOException when the worker cannot be reached
     * @throws StackException when there is no such connector, or it does not run within a minute
     */
    public void restart(String name) throws IOException {
        change(name, request(name, "/restart?includeTasks=true").POST(HttpRequest.BodyPublishers.noBody()));
        awaitRunning(name);
    }

    /**
     * Pauses the connector and waits until its tasks are paused. Its offsets are kept.
     *
     * @throws IOException when the worker cannot be reached
     * @throws StackException when there is no such connector, or it still works after a minute
     */
    public void pause(String name) throws IOException {
        standStill(name, "/pause", ConnectorStatus::paused);
    }

    /**
     * Stops the connector and waits until its tasks are gone. The offsets of a connector can be deleted only after
     * this.
     *
     * @throws IOException when the worker cannot be reached
     * @throws StackException when there is no such connector, or it still works after a minute
     */
    public void stop(String name) throws IOException {
        standStill(name, "/stop", ConnectorStatus::stopped);
    }

    private void standStill(String name, String action, Predicate<ConnectorStatus> still) throws IOException {
        change(name, request(name, action).PUT(HttpRequest.BodyPublishers.noBody()));
        Instant deadline = Instant.now().plus(RUNNING_LIMIT);
        while (!status(name).map(still::test).orElse(true)) {
            if (Instant.now().isAfter(deadline)) {
                throw new StackException(
                        "Connector " + name + " still works after " + RUNNING_LIMIT.toSeconds() + " s.");
            }
            Server.pause(Duration.ofMillis(100));
        }
    }

    /**
     * Resumes a paused or stopped connector and waits until it runs.
     *
     * @throws IOException when the worker cannot be reached
     * @throws StackException when there is no such connector, or it does not run within a minute
     */
    public void resume(String name) throws IOException {
        letGoOn(name);
        awaitRunning(name);
    }

    private void letGoOn(String name) throws IOException {
        change(name, request(name, "/resume").PUT(HttpRequest.BodyPublishers.noBody()));
    }

    /**
     * The offsets of the connector, as the worker reports them.
     *
     * @throws IOException when the worker cannot be reached
     * @throws StackException when there is no such connector
     */
    public Offsets offsets(String name) throws IOException {
        return JSON.readValue(accepted(send(request(name, "/offsets").GET())).body(), Offsets.class);
    }

    /**
     * Deletes the offsets of a {@linkplain #stop stopped} connector.
     *
     * @throws IOException when the worker cannot be reached
     * @throws StackException when there is no such connector, or it is not stopped
     */
    public void forgetOffsets(String name) throws IOException {
        change(name, request(name, "/offsets").DELETE());
    }

    /**
     * The replication slots that connectors are configured to read, by connector.
     *
     * @throws IOException when the worker cannot be reached
     */
    public Map<String, String> slots() throws IOException {
        Map<String, String> slots = new TreeMap<>();
        for (Expanded each : expanded()) {
            String slot = each.info().config().get("slot.name");
            if (slot != null) {
                slots.put(each.info().name(), slot);
            }
        }
        return slots;
    }

    /**
     * Deletes the connector and its configuration; its offsets stay.
     *
     * @throws IOException when the worker cannot be reached
     * @throws StackException when there is no such connector
     */
    public void delete(String name) throws IOException {
        change(name, request(name, "").DELETE());
    }

    private HttpRequest.Builder request(String connector, String path) {
        return request("/connectors/" + URLEncoder.encode(connector, StandardCharsets.UTF_8) + path);
    }

    private HttpRequest.Builder request(String path) {
        return HttpRequest.newBuilder(worker.resolve(path)).timeout(Duration.ofSeconds(10));
    }

    private <T> T read(String path, Class<T> type) throws IOException {
        return JSON.readValue(accepted(send(request(path).GET())).body(), type);
    }

    private Collection<Expanded> expanded() throws IOException {
        HttpRequest.Builder all =
                request("/connectors?expand=status&expand=info").GET();
        return JSON.readValue(accepted(send(all)).body(), new TypeReference<Map<String, Expanded>>() {})
                .values();
    }

    private static HttpResponse<String> accepted(HttpResponse<String> response) throws IOException {
        if (response.statusCode() >= 300) {
            throw new StackException("Connect answers " + response.statusCode() + ": " + message(response));
        }
        return response;
    }

    private HttpResponse<String> send(HttpRequest.Builder request) throws IOException {
        try {
            return http.send(request.build(), HttpResponse.BodyHandlers.ofString());
        } catch (IOException e) {
            // the JDK's own exception often has no message
            throw new IOException("No answer from Kafka Connect at " + worker + ": does the pipeline run?", e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new StackException("Interrupted while waiting for Connect", e);
        }
    }

    private static String message(HttpResponse<String> response) throws IOException {
        return response.body().startsWith("{")
                ? Objects.requireNonNullElse(
                        JSON.readValue(response.body(), Refusal.class).message(), response.body())
                : "status " + response.statusCode();
    }
}
