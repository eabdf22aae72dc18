package dev.afterimage.stack;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
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

/**
 * The connectors of a Kafka Connect worker, through its
 * <a href="https://kafka.apache.org/documentation/#connect_rest">REST API</a>.
 */
public final class Connectors {

    private static final Duration RUNNING_LIMIT = Duration.ofSeconds(60);

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
     * @param failure first line of the first failure
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
     * @throws StackException when Connect refuses the configuration or the connector does not run within a minute
     */
    public void apply(Path file) {
        try {
            apply(file.getFileName().toString().replace(".json", ""), Files.readString(file));
        } catch (IOException e) {
            throw new StackException("Connector file " + file + " cannot be read: " + e.getMessage(), e);
        }
    }

    /**
     * Creates the connector or changes it to this configuration, and waits until it runs.
     *
     * @param config a JSON object
     * @throws StackException when Connect refuses the configuration or the connector does not run within a minute
     */
    public void apply(String name, String config) {
        try {
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
                ? Optional.of(part.path("trace")
                        .asText("no reason given")
                        .lines()
                        .findFirst()
                        .orElse(""))
                : Optional.empty();
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
