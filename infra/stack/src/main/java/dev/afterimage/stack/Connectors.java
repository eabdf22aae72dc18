package dev.afterimage.stack;

import com.fasterxml.jackson.core.JsonProcessingException;
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
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.Predicate;
import java.util.regex.Pattern;

/**
 * The connectors of a Kafka Connect worker, through its
 * <a href="https://kafka.apache.org/documentation/#connect_rest">REST API</a>.
 */
public final class Connectors {

    private static final Duration RUNNING_LIMIT = Duration.ofSeconds(60);
    private static final String CAUSE = "Caused by: ";
    /** The part of a line before the message; where there is no message, the part before the class name. */
    private static final Pattern PREFIX = Pattern.compile(CAUSE + "([\\w.$]+: )?");

    /** Debezium prints its whole position, half a screen of text, inside a message. */
    private static final Pattern POSITION = Pattern.compile("PostgresOffsetContext \\[.*]");

    private final URI worker;
    private final ObjectMapper json = new ObjectMapper();
    private final HttpClient http =
            HttpClient.newBuilder().connectTimeout(Duration.ofSeconds(1)).build();

    /** @param worker the address of the REST API */
    public Connectors(URI worker) {
        this.worker = worker;
    }

    /**
     * The state of a connector and of its tasks: RUNNING, UNASSIGNED, RESTARTING, PAUSED, STOPPED or FAILED.
     *
     * @param type source or sink
     * @param tasks the state of each task; empty right after the connector was applied
     * @param failure the reason of the first failure, in one line
     * @param trace the stack trace of that failure, as the worker reports it
     */
    public record Status(
            String name,
            String type,
            String state,
            List<String> tasks,
            Optional<String> failure,
            Optional<String> trace) {

        private static Status of(JsonNode status) {
            List<String> tasks = new ArrayList<>();
            Optional<String> trace = trace(status.path("connector"));
            for (JsonNode task : status.path("tasks")) {
                tasks.add(task.path("state").asText());
                trace = trace.or(() -> trace(task));
            }
            return new Status(
                    status.path("name").asText(),
                    status.path("type").asText(),
                    status.at("/connector/state").asText(),
                    tasks,
                    trace.map(Connectors::reason),
                    trace);
        }

        private static Optional<String> trace(JsonNode part) {
            return part.path("state").asText().equals("FAILED")
                    ? Optional.of(part.path("trace").asText("no reason given"))
                    : Optional.empty();
        }

        /** Whether the connector and at least one task run, and nothing failed. */
        public boolean running() {
            return state.equals("RUNNING") && !tasks.isEmpty() && tasks.stream().allMatch("RUNNING"::equals);
        }

        /** Whether the connector is paused and no task is running. */
        public boolean paused() {
            return state.equals("PAUSED") && !tasks.contains("RUNNING");
        }

        /** Whether an operator paused or stopped the connector; this state survives a restart of the worker. */
        boolean halted() {
            return state.equals("PAUSED") || state.equals("STOPPED");
        }

        public boolean failed() {
            return failure.isPresent();
        }
    }

    /** The folder {@code connectors/} of this repository. */
    public static Path folder() {
        return Repository.find("connectors/topics.json")
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
        List<String> names = new ArrayList<>();
        read(request("/connectors").GET()).forEach(name -> names.add(name.asText()));
        return names;
    }

    /**
     * The status of every connector, sorted by name.
     *
     * @throws IOException when the worker cannot be reached
     * @throws StackException when it answers with an error, as it does while it starts
     */
    public List<Status> all() throws IOException {
        List<Status> all = new ArrayList<>();
        read(request("/connectors?expand=status").GET()).forEach(each -> all.add(Status.of(each.path("status"))));
        all.sort(Comparator.comparing(Status::name));
        return all;
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
        Optional<Status> status = status(name);
        for (int look = 1; !status.map(Status::running).orElse(false); look++) {
            if (Instant.now().isAfter(deadline)) {
                throw new StackException("Connector " + name + " does not run after " + RUNNING_LIMIT.toSeconds()
                        + " s: " + status.flatMap(Status::failure).orElse("it has no task"));
            }
            // a reported failure may be left from the previous run, or be temporary, for example a slot that is still
            // in use
            if (look % 10 == 0 && status.map(Status::failed).orElse(false)) {
                restartFailed(name);
            } else if (look % 10 == 0 && status.map(Status::halted).orElse(false)) {
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
            settings = json.readValue(config, ObjectNode.class);
        } catch (JsonProcessingException e) {
            throw new StackException(name + ".json is no JSON object: " + e.getOriginalMessage(), e);
        }
        String type = settings.path("connector.class").asText();
        List<String> known = new ArrayList<>();
        read(request("/connector-plugins").GET())
                .forEach(plugin -> known.add(plugin.path("class").asText()));
        if (!known.contains(type)) {
            throw new StackException("The worker has no connector.class \"" + type + "\", which " + name
                    + ".json asks for; it has " + String.join(", ", known));
        }
        HttpResponse<String> response = send(request("/connector-plugins/" + type + "/config/validate")
                .header("Content-Type", "application/json")
                .PUT(HttpRequest.BodyPublishers.ofString(
                        settings.put("name", name).toString())));
        List<String> wrong = new ArrayList<>();
        for (JsonNode setting : parse(response).path("configs")) {
            for (JsonNode error : setting.at("/value/errors")) {
                wrong.add(setting.at("/value/name").asText() + ": " + error.asText());
            }
        }
        return wrong;
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
    public Optional<Status> status(String name) throws IOException {
        HttpResponse<String> response = send(request(name, "/status").GET());
        if (response.statusCode() == 404) {
            return Optional.empty();
        }
        return Optional.of(Status.of(parse(response)));
    }

    /**
     * The messages of the causes in a stack trace, the outermost first. The first line of the trace is left out,
     * because it only says that something failed. A message that contains the message of its own cause is left out too.
     */
    static String reason(String trace) {
        List<String> causes = new ArrayList<>();
        for (String line : trace.lines().filter(each -> each.startsWith(CAUSE)).toList()) {
            String cause = PREFIX.matcher(line).replaceFirst("");
            causes.removeIf(outer -> outer.contains(cause));
            causes.add(cause);
        }
        String reason = causes.isEmpty() ? trace.lines().findFirst().orElse("") : String.join(": ", causes);
        return POSITION.matcher(reason).replaceAll("its offset");
    }

    /**
     * Restarts the connector if it has failed, and its failed tasks. Running tasks are not restarted.
     *
     * @throws IOException when the worker cannot be reached
     */
    public void restartFailed(String name) throws IOException {
        parse(send(
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
        standStill(name, "/pause", Status::paused);
    }

    /**
     * Stops the connector and waits until its tasks are gone. The offsets of a connector can be deleted only after
     * this.
     *
     * @throws IOException when the worker cannot be reached
     * @throws StackException when there is no such connector, or it still works after a minute
     */
    public void stop(String name) throws IOException {
        standStill(
                name,
                "/stop",
                status -> status.state().equals("STOPPED") && status.tasks().isEmpty());
    }

    private void standStill(String name, String action, Predicate<Status> still) throws IOException {
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
     * The offsets of the connector, as the worker reports them: {@code offsets}, each with {@code partition} and {@code
     * offset}.
     *
     * @throws IOException when the worker cannot be reached
     * @throws StackException when there is no such connector
     */
    public JsonNode offsets(String name) throws IOException {
        return read(request(name, "/offsets").GET());
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
        for (JsonNode each : read(request("/connectors?expand=info").GET())) {
            JsonNode slot = each.at("/info/config/slot.name");
            if (slot.isTextual()) {
                slots.put(each.at("/info/name").asText(), slot.asText());
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

    private JsonNode read(HttpRequest.Builder request) throws IOException {
        return parse(send(request));
    }

    private JsonNode parse(HttpResponse<String> response) throws IOException {
        if (response.statusCode() >= 300) {
            throw new StackException("Connect answers " + response.statusCode() + ": " + message(response));
        }
        return json.readTree(response.body());
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

    private String message(HttpResponse<String> response) throws IOException {
        return response.body().startsWith("{")
                ? json.readTree(response.body()).path("message").asText(response.body())
                : "status " + response.statusCode();
    }
}
