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
    /** What comes before the message, or before the class of a cause without one. */
    private static final Pattern PREFIX = Pattern.compile(CAUSE + "([\\w.$]+: )?");

    /** What Debezium knows of its position, half a screen within a message. */
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
     * What a connector and its tasks are doing: RUNNING, UNASSIGNED, RESTARTING, PAUSED or FAILED.
     *
     * @param type source or sink
     * @param tasks a state each; empty right after the connector was applied
     * @param failure why the first that failed did, in one line
     * @param trace the same as the worker tells it
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

        /** Whether the connector is paused and no task works any more. */
        public boolean paused() {
            return state.equals("PAUSED") && !tasks.contains("RUNNING");
        }

        /** Whether it stands because somebody wanted that, which outlives a restart of the worker. */
        boolean halted() {
            return state.equals("PAUSED") || state.equals("STOPPED");
        }

        public boolean failed() {
            return failure.isPresent();
        }
    }

    /** The folder {@code connectors/} of this repository, found from the working directory upwards. */
    public static Path folder() {
        for (Path at = Path.of("").toAbsolutePath(); at != null; at = at.getParent()) {
            Path candidate = at.resolve("connectors");
            if (Files.isRegularFile(candidate.resolve("topics.json"))) {
                return candidate;
            }
        }
        throw new StackException("The folder connectors/ is not here: run this from inside the repository.");
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
     * What every connector does, by name.
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
     * Creates the connector or changes it to what the file says, and waits until it runs, also when it was paused or stopped.
     * The connector is called as the file is.
     *
     * @throws StackException when the configuration is wrong, and then nothing has changed, or the connector does not
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
     * The same from a configuration that lies in no file, a JSON object.
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
            // the failure may be the last run's, still on record, or pass, like a slot not yet let go
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
     * What is wrong with a connector's configuration, a line for each wrong setting: its name and why. Nothing is
     * applied. An empty list is no promise that the connector runs.
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

    /** What a connector is called whose configuration lies in that file. */
    public static String name(Path file) {
        return file.getFileName().toString().replaceFirst("\\.json$", "");
    }

    /** A worker that just started answers 409 while its group rebalances. */
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
     * What the connector is doing, or empty when there is none of that name.
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
     * What the causes in a stack trace say, the outermost first. Its first line only says that something failed, and
     * those that repeat their own cause are left out.
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
     * Restarts the connector's failed parts; running ones are left alone.
     *
     * @throws IOException when the worker cannot be reached
     */
    public void restartFailed(String name) throws IOException {
        parse(send(
                request(name, "/restart?includeTasks=true&onlyFailed=true").POST(HttpRequest.BodyPublishers.noBody())));
    }

    /**
     * Restarts the connector and its tasks, whatever they do, and waits until they run.
     *
     * @throws IOException when the worker cannot be reached
     * @throws StackException when there is no such connector, or it does not run within a minute
     */
    public void restart(String name) throws IOException {
        change(name, request(name, "/restart?includeTasks=true").POST(HttpRequest.BodyPublishers.noBody()));
        awaitRunning(name);
    }

    /**
     * Stops the connector's work, but keeps its place, and waits until it stands.
     *
     * @throws IOException when the worker cannot be reached
     * @throws StackException when there is no such connector, or it still works after a minute
     */
    public void pause(String name) throws IOException {
        standStill(name, "/pause", Status::paused);
    }

    /**
     * Ends the connector's tasks, which is what its offsets are forgotten after, and waits until they are gone.
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
     * Lets a paused or stopped connector go on and waits until it does.
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
     * How far the connector has come, as the worker tells it: {@code offsets}, each with {@code partition} and
     * {@code offset}.
     *
     * @throws IOException when the worker cannot be reached
     * @throws StackException when there is no such connector
     */
    public JsonNode offsets(String name) throws IOException {
        return read(request(name, "/offsets").GET());
    }

    /**
     * Forgets how far a connector that is {@linkplain #stop stopped} has come.
     *
     * @throws IOException when the worker cannot be reached
     * @throws StackException when there is no such connector, or it is not stopped
     */
    public void forgetOffsets(String name) throws IOException {
        change(name, request(name, "/offsets").DELETE());
    }

    /**
     * The replication slots that connectors are told to read, by connector.
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
     * Stops the connector and forgets its configuration; its offsets stay.
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
            // the JDK's own often has no message
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
