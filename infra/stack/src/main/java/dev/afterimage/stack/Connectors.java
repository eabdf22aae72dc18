package dev.afterimage.stack;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.MissingNode;
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
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Predicate;
import java.util.stream.Collectors;

/**
 * The connectors of a Kafka Connect worker, through its
 * <a href="https://kafka.apache.org/documentation/#connect_rest">REST API</a>. Every method throws a
 * {@link StackException} when the worker cannot be reached, when it refuses (no such connector; it starts or rebalances
 * for longer than a minute), or when a connector does not reach the state within a minute.
 */
public final class Connectors {

    private static final Duration LIMIT = Duration.ofSeconds(60);
    private static final Duration PAUSE = Duration.ofMillis(100);
    private static final Duration STATUS_DELAY = Duration.ofSeconds(2);
    private static final ObjectMapper JSON = new ObjectMapper();

    private final URI worker;
    private final HttpClient http =
            HttpClient.newBuilder().connectTimeout(Duration.ofSeconds(1)).build();

    /** @param worker the address of the REST API */
    public Connectors(URI worker) {
        this.worker = worker;
    }

    /** The folder {@code connectors/} of this repository. */
    public static Path folder() {
        return Folders.find("connectors/topics.json")
                .map(Folders::parent)
                .orElseThrow(() ->
                        new StackException("The folder connectors/ is not here: run this from inside the repository."));
    }

    /** The names of all connectors. */
    public List<String> names() {
        return get("/connectors").valueStream().map(JsonNode::asText).toList();
    }

    /** The status of every connector, sorted by name. */
    public List<ConnectorStatus> all() {
        return get("/connectors?expand=status")
                .valueStream()
                .map(each -> ConnectorStatus.of(each.path("status")))
                .sorted(Comparator.comparing(ConnectorStatus::name))
                .toList();
    }

    /**
     * Creates or changes the connector as the file says, and waits until the connector runs. A paused or stopped
     * connector is resumed. The name of the file is the name of the connector.
     *
     * @throws StackException also when the configuration is wrong (then nothing is changed), or when the connector does
     *     not run within a minute
     */
    public void apply(Path file) {
        apply(name(file), read(file));
    }

    /** As {@link #apply(Path)}, with the configuration as a JSON object instead of a file. */
    public void apply(String name, ObjectNode config) {
        List<String> wrong = validate(name, config);
        if (!wrong.isEmpty()) {
            throw new StackException("Connector " + name + " is configured wrongly: " + String.join("; ", wrong));
        }
        change("PUT", name, "/config", config.toString());
        awaitRunning(name);
    }

    private void awaitRunning(String name) {
        Instant began = Instant.now();
        Instant deadline = began.plus(LIMIT);
        Optional<ConnectorStatus> status = status(name);
        for (int look = 1; !status.map(ConnectorStatus::running).orElse(false); look++) {
            // the failure was not left from the previous run: two restarts below have not helped
            boolean hopeless =
                    look > 20 && status.filter(ConnectorStatus::lostItsSlot).isPresent();
            if (hopeless || Instant.now().isAfter(deadline)) {
                throw new StackException("Connector " + name + " does not run after "
                        + Duration.between(began, Instant.now()).toSeconds() + " s: "
                        + status.flatMap(ConnectorStatus::failure).orElse("it has no task"));
            }
            // a reported failure may be left from the previous run, or be temporary, for example a slot that is still
            // in use
            if (look % 10 == 0 && status.map(ConnectorStatus::failed).orElse(false)) {
                restartFailed(name);
            } else if (look % 10 == 0 && status.map(ConnectorStatus::halted).orElse(false)) {
                change("PUT", name, "/resume", "");
            }
            Server.pause(PAUSE);
            status = status(name);
        }
    }

    /**
     * Returns the errors in a connector's configuration, one line for each wrong setting: its name and the reason.
     * Applies nothing. An empty list does not guarantee that the connector runs.
     *
     * @throws StackException also when the file is no JSON object or names a connector class that the worker does not
     *     have
     */
    public List<String> validate(Path file) {
        return validate(name(file), read(file));
    }

    private List<String> validate(String name, ObjectNode config) {
        String type = config.path("connector.class").asText();
        List<String> known = get("/connector-plugins")
                .valueStream()
                .map(plugin -> plugin.path("class").asText())
                .toList();
        if (!known.contains(type)) {
            throw new StackException("The worker has no connector.class \"" + type + "\", which " + name
                    + ".json asks for; it has " + String.join(", ", known));
        }
        String path = "/connector-plugins/" + type + "/config/validate";
        return send("PUT", path, config.deepCopy().put("name", name).toString())
                .accepted()
                .path("configs")
                .valueStream()
                .map(each -> each.path("value"))
                .flatMap(setting -> setting.path("errors")
                        .valueStream()
                        .map(error -> setting.path("name").asText() + ": " + error.asText()))
                .toList();
    }

    /** The name of the connector that is configured by this file. */
    public static String name(Path file) {
        return file.getFileName().toString().replaceFirst("\\.json$", "");
    }

    static ObjectNode read(Path file) {
        try {
            return JSON.readValue(Files.readString(file), ObjectNode.class);
        } catch (JsonProcessingException e) {
            throw new StackException(name(file) + ".json is no JSON object: " + e.getOriginalMessage(), e);
        } catch (NoSuchFileException e) {
            throw new StackException("There is no file " + file + ".", e);
        } catch (IOException e) {
            throw new StackException("Connector file " + file + " cannot be read: " + e.getMessage(), e);
        }
    }

    /** The status of the connector, or empty when no connector has that name. */
    public Optional<ConnectorStatus> status(String name) {
        Answer answer = send("GET", path(name, "/status"), "");
        return answer.status() == 404 ? Optional.empty() : Optional.of(ConnectorStatus.of(answer.accepted()));
    }

    /** Restarts the connector if it has failed, and its failed tasks. Running tasks are not restarted. */
    public void restartFailed(String name) {
        send("POST", path(name, "/restart?includeTasks=true&onlyFailed=true"), "")
                .accepted();
    }

    /** Restarts the connector and all its tasks, in any state, and waits until they run. */
    public void restart(String name) {
        change("POST", name, "/restart?includeTasks=true", "");
        // the worker reads its own status back from a topic, so for a moment it may still report the state of before
        boolean _ = Server.await(STATUS_DELAY, PAUSE, () -> !status(name)
                .map(ConnectorStatus::running)
                .orElse(false));
        awaitRunning(name);
    }

    /** Pauses the connector and waits until its tasks are paused. Its offsets are kept. */
    public void pause(String name) {
        standStill(name, "/pause", ConnectorStatus::paused);
    }

    /**
     * Stops the connector and waits until its tasks are gone. The offsets of a connector can be deleted only after
     * this.
     */
    public void stop(String name) {
        standStill(name, "/stop", ConnectorStatus::stopped);
    }

    private void standStill(String name, String action, Predicate<ConnectorStatus> still) {
        change("PUT", name, action, "");
        if (!Server.await(LIMIT, PAUSE, () -> status(name).map(still::test).orElse(true))) {
            throw new StackException("Connector " + name + " still works after " + LIMIT.toSeconds() + " s.");
        }
    }

    /** Resumes a paused or stopped connector and waits until it runs. */
    public void resume(String name) {
        change("PUT", name, "/resume", "");
        awaitRunning(name);
    }

    /**
     * The {@code offsets} of the connector, each with its {@code partition} and {@code offset} as the worker stores
     * them: of a source its position in the log, of a sink its Kafka offsets.
     */
    public JsonNode offsets(String name) {
        return getOf(name, "/offsets");
    }

    /** The configuration of the connector, with the names and values that the worker stores. */
    public JsonNode config(String name) {
        return getOf(name, "/config");
    }

    /** Deletes the offsets of a {@linkplain #stop stopped} connector. */
    public void forgetOffsets(String name) {
        change("DELETE", name, "/offsets", "");
    }

    /** The topics that the connector has written or, as a sink, read since it was created. */
    public Set<String> topics(String name) {
        return get(path(name, "/topics"))
                .path(name)
                .path("topics")
                .valueStream()
                .map(JsonNode::asText)
                .collect(Collectors.toCollection(TreeSet::new));
    }

    /** The configuration of every connector, by its name. */
    public Map<String, JsonNode> configs() {
        Map<String, JsonNode> configs = new TreeMap<>();
        get("/connectors?expand=info")
                .properties()
                .forEach(connector -> configs.put(
                        connector.getKey(), connector.getValue().path("info").path("config")));
        return configs;
    }

    /** The replication slots that these connectors read, by connector. A connector that only takes a snapshot has none. */
    public static Map<String, String> slots(Map<String, JsonNode> configs) {
        Map<String, String> slots = new TreeMap<>();
        configs.forEach((connector, config) -> {
            if (config.has("slot.name")
                    && !config.path("snapshot.mode").asText().equals("initial_only")) {
                slots.put(connector, config.path("slot.name").asText());
            }
        });
        return slots;
    }

    /** Deletes the connector and its configuration; its offsets stay. */
    public void delete(String name) {
        change("DELETE", name, "", "");
    }

    /** Repeats the request while the worker answers 409, as it does while its group rebalances after a start. */
    private void change(String method, String name, String path, String body) {
        Instant deadline = Instant.now().plus(LIMIT);
        Answer answer = send(method, path(name, path), body);
        while ((answer.status() == 409 || answer.status() >= 500)
                && Instant.now().isBefore(deadline)) {
            Server.pause(PAUSE);
            answer = send(method, path(name, path), body);
        }
        if (answer.status() == 404) {
            throw unknown(name);
        }
        if (answer.status() >= 300) {
            throw new StackException("Connect refuses " + name + ": " + answer.message());
        }
    }

    /** The failure of a call for a connector that does not exist; the message lists those that do. */
    public StackException unknown(String name) {
        String known = names().stream().sorted().collect(Collectors.joining(", "));
        return new StackException("There is no connector " + name + "; there are " + known + ".");
    }

    private JsonNode getOf(String name, String path) {
        Answer answer = send("GET", path(name, path), "");
        if (answer.status() == 404) {
            throw unknown(name);
        }
        return answer.accepted();
    }

    private static String path(String connector, String path) {
        return "/connectors/" + URLEncoder.encode(connector, StandardCharsets.UTF_8) + path;
    }

    private JsonNode get(String path) {
        return send("GET", path, "").accepted();
    }

    /** An answer of the worker; the body is missing where it is not JSON. */
    private record Answer(int status, JsonNode body) {

        private JsonNode accepted() {
            if (status >= 300) {
                throw new StackException("Connect answers " + status + ": " + message());
            }
            return body;
        }

        private String message() {
            return body.isObject() ? body.path("message").asText(body.toString()) : "status " + status;
        }
    }

    private Answer send(String method, String path, String body) {
        HttpRequest request = HttpRequest.newBuilder(worker.resolve(path))
                .timeout(Duration.ofSeconds(10))
                .header("Content-Type", "application/json")
                .method(method, HttpRequest.BodyPublishers.ofString(body))
                .build();
        try {
            HttpResponse<String> response = http.send(request, HttpResponse.BodyHandlers.ofString());
            boolean json = response.body().startsWith("{") || response.body().startsWith("[");
            return new Answer(response.statusCode(), json ? JSON.readTree(response.body()) : MissingNode.getInstance());
        } catch (IOException e) {
            // the JDK's own exception often has no message
            throw new StackException("No answer from Kafka Connect at " + worker + ": does the pipeline run?", e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new StackException("Interrupted while waiting for Connect", e);
        }
    }
}
