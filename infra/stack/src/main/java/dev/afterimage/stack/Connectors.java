package dev.afterimage.stack;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
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

    private final URI worker;
    private final ObjectMapper json = new ObjectMapper();
    private final HttpClient http =
            HttpClient.newBuilder().connectTimeout(Duration.ofSeconds(1)).build();

    /** @param worker the address of the REST API */
    public Connectors(URI worker) {
        this.worker = worker;
    }

    /**
     * The state of a connector and its tasks.
     *
     * @param states of the connector and each task: RUNNING, UNASSIGNED, RESTARTING, PAUSED or FAILED; the tasks' part is
     *     empty right after the connector was applied
     * @param failure why the first that failed did, in one line
     */
    public record Status(String connector, List<String> states, Optional<String> failure) {

        /** Whether the connector and at least one task run, and nothing failed. */
        public boolean running() {
            return connector.equals("RUNNING")
                    && !states.isEmpty()
                    && states.stream().allMatch("RUNNING"::equals);
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
     * Creates the connector or changes it to what the file says, and waits until it runs. The connector is called as
     * the file is.
     *
     * @throws StackException when the configuration is wrong, and then nothing has changed, or the connector does not
     *     run within a minute
     */
    public void apply(Path file) {
        try {
            apply(name(file), Files.readString(file));
        } catch (IOException e) {
            throw new StackException("Connector file " + file + " cannot be read: " + e.getMessage(), e);
        }
    }

    /**
     * Creates the connector or changes it to this configuration, and waits until it runs.
     *
     * @param config a JSON object
     * @throws StackException as {@link #apply(Path)}
     */
    public void apply(String name, String config) {
        try {
            List<String> wrong = validate(name, config);
            if (!wrong.isEmpty()) {
                throw new StackException("Connector " + name + " is configured wrongly: " + String.join("; ", wrong));
            }
            Instant deadline = Instant.now().plus(RUNNING_LIMIT);
            put(name, config, deadline);
            Optional<Status> status = status(name);
            for (int look = 1; !status.map(Status::running).orElse(false); look++) {
                if (Instant.now().isAfter(deadline)) {
                    throw new StackException("Connector " + name + " does not run after "
                            + RUNNING_LIMIT.toSeconds() + " s: "
                            + status.flatMap(Status::failure).orElse("it has no task"));
                }
                // the failure may be the last run's, still on record, or pass, like a slot not yet let go
                if (look % 10 == 0 && status.map(Status::failed).orElse(false)) {
                    restartFailed(name);
                }
                Server.pause(Duration.ofMillis(100));
                status = status(name);
            }
        } catch (IOException e) {
            throw new StackException("Connector " + name + " cannot be applied: " + e.getMessage(), e);
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

    private static String name(Path file) {
        return file.getFileName().toString().replace(".json", "");
    }

    /** A worker that just started answers 409 while its group rebalances. */
    private void put(String name, String config, Instant deadline) throws IOException {
        while (true) {
            HttpResponse<String> response = send(request("/connectors/" + name + "/config")
                    .header("Content-Type", "application/json")
                    .PUT(HttpRequest.BodyPublishers.ofString(config)));
            if (response.statusCode() < 300) {
                return;
            }
            if (!passing(response.statusCode()) || Instant.now().isAfter(deadline)) {
                throw new StackException("Connect refuses " + name + ": " + message(response));
            }
            Server.pause(Duration.ofMillis(200));
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
        HttpResponse<String> response =
                send(request("/connectors/" + name + "/status").GET());
        if (response.statusCode() == 404) {
            return Optional.empty();
        }
        JsonNode status = parse(response);
        List<String> states = new ArrayList<>();
        Optional<String> failure = failure(status.path("connector"));
        for (JsonNode task : status.path("tasks")) {
            states.add(task.path("state").asText());
            failure = failure.or(() -> failure(task));
        }
        return Optional.of(new Status(status.path("connector").path("state").asText(), states, failure));
    }

    private static Optional<String> failure(JsonNode part) {
        return part.path("state").asText().equals("FAILED")
                ? Optional.of(reason(part.path("trace").asText("no reason given")))
                : Optional.empty();
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
        return causes.isEmpty() ? trace.lines().findFirst().orElse("") : String.join(": ", causes);
    }

    /**
     * Restarts the connector's failed parts; running ones are left alone.
     *
     * @throws IOException when the worker cannot be reached
     */
    public void restartFailed(String name) throws IOException {
        parse(send(request("/connectors/" + name + "/restart?includeTasks=true&onlyFailed=true")
                .POST(HttpRequest.BodyPublishers.noBody())));
    }

    /**
     * Restarts the connector and its tasks, whatever they do.
     *
     * @throws IOException when the worker cannot be reached
     */
    public void restart(String name) throws IOException {
        parse(send(request("/connectors/" + name + "/restart?includeTasks=true")
                .POST(HttpRequest.BodyPublishers.noBody())));
    }

    /**
     * Stops the connector and forgets its configuration; its offsets stay.
     *
     * @throws IOException when the worker cannot be reached
     * @throws StackException when there is no such connector
     */
    public void delete(String name) throws IOException {
        HttpResponse<String> response = send(request("/connectors/" + name).DELETE());
        if (response.statusCode() >= 300) {
            throw new StackException("Connect does not delete " + name + ": " + message(response));
        }
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
