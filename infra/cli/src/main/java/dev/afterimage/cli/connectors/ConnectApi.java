package dev.afterimage.cli.connectors;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.afterimage.cli.Ports;
import dev.afterimage.cli.RestService;
import dev.afterimage.cli.RestService.Answer;
import dev.afterimage.stack.StackException;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The part of Kafka Connect's <a href="https://kafka.apache.org/documentation/#connect_rest">REST API</a> that the commands
 * call. Every answer that is no success is a {@link StackException} with the worker's own words.
 */
final class ConnectApi {

    private static final Duration LIMIT = Duration.ofSeconds(60);

    private final RestService worker;

    ConnectApi(Ports ports) {
        this.worker = new RestService(ports.connect());
    }

    /** @param failure the first line of the first failure */
    record State(
            String name,
            String type,
            String state,
            List<String> tasks,
            @Nullable String failure) {

        static State of(JsonNode status) {
            String failure = failure(status.path("connector"));
            List<String> tasks = new ArrayList<>();
            for (JsonNode task : status.path("tasks")) {
                tasks.add(task.path("state").asText());
                failure = failure == null ? failure(task) : failure;
            }
            return new State(
                    status.path("name").asText(),
                    status.path("type").asText(),
                    status.path("connector").path("state").asText(),
                    tasks,
                    failure);
        }

        private static @Nullable String failure(JsonNode part) {
            return part.path("state").asText().equals("FAILED")
                    ? part.path("trace")
                            .asText("no reason given")
                            .lines()
                            .findFirst()
                            .orElse("")
                    : null;
        }

        boolean is(String wanted) {
            return state.equals(wanted)
                    && (wanted.equals("PAUSED") || !tasks.isEmpty())
                    && tasks.stream().allMatch(wanted::equals);
        }
    }

    List<State> all() {
        List<State> states = new ArrayList<>();
        RestService.expect(200, worker.get("/connectors?expand=status"))
                .forEach(each -> states.add(State.of(each.path("status"))));
        states.sort(Comparator.comparing(State::name));
        return states;
    }

    State state(String name) {
        return State.of(RestService.expect(200, worker.get(path(name) + "/status")));
    }

    /** The whole status as the worker tells it, traces and all. */
    JsonNode status(String name) {
        return RestService.expect(200, worker.get(path(name) + "/status"));
    }

    JsonNode offsets(String name) {
        return RestService.expect(200, worker.get(path(name) + "/offsets"));
    }

    void put(String name, JsonNode config) {
        Answer answer = settled(() -> worker.put(path(name) + "/config", config));
        if (answer.status() >= 300) {
            throw new StackException("Connect refuses " + name + ": " + answer.reason());
        }
    }

    /** What is wrong with a configuration, by setting; nothing when all is well. */
    Map<String, List<String>> validate(String name, JsonNode config) {
        String type = config.path("connector.class").asText("");
        if (type.isEmpty()) {
            return Map.of("connector.class", List.of("is missing"));
        }
        var named = ((ObjectNode) config.deepCopy()).put("name", name);
        JsonNode verdict = RestService.expect(
                200,
                worker.put(
                        "/connector-plugins/" + type.substring(type.lastIndexOf('.') + 1) + "/config/validate", named));
        Map<String, List<String>> errors = new TreeMap<>();
        verdict.path("configs")
                .forEach(each -> each.path("value").path("errors").forEach(error -> errors.computeIfAbsent(
                                each.path("value").path("name").asText(), _ -> new ArrayList<>())
                        .add(error.asText())));
        return errors;
    }

    void restart(String name) {
        settled(() -> worker.post(path(name) + "/restart?includeTasks=true", Map.of()));
    }

    void pause(String name) {
        settled(() -> worker.put(path(name) + "/pause", Map.of()));
    }

    void resume(String name) {
        settled(() -> worker.put(path(name) + "/resume", Map.of()));
    }

    void delete(String name) {
        settled(() -> worker.delete(path(name)));
    }

    /** A worker whose group rebalances answers 409 until it has. */
    private static Answer settled(Supplier<Answer> request) {
        Instant deadline = Instant.now().plus(Duration.ofSeconds(15));
        Answer answer = request.get();
        while (answer.status() == 409 && Instant.now().isBefore(deadline)) {
            LockSupport.parkNanos(Duration.ofMillis(200).toNanos());
            answer = request.get();
        }
        if (answer.status() >= 300 && answer.status() != 400) {
            throw new StackException("Connect answers " + answer.status() + ": " + answer.reason());
        }
        return answer;
    }

    /**
     * Waits until the connector and its tasks are in that state.
     *
     * @throws StackException when one fails, or it takes longer than a minute
     */
    State await(String name, String wanted) {
        Instant deadline = Instant.now().plus(LIMIT);
        State state = null;
        do {
            LockSupport.parkNanos(Duration.ofMillis(100).toNanos());
            Answer answer = worker.get(path(name) + "/status");
            state = answer.status() == 200 ? State.of(answer.body()) : null;
            if (state != null && state.is(wanted)) {
                return state;
            }
        } while ((state == null || state.failure() == null) && Instant.now().isBefore(deadline));
        throw new StackException("Connector " + name + " is not " + wanted + ": "
                + (state == null
                        ? "Connect does not know it yet"
                        : state.failure() == null
                                ? "it is " + state.state() + ", its tasks " + state.tasks()
                                : state.failure()));
    }

    private static String path(String name) {
        return "/connectors/" + URLEncoder.encode(name, StandardCharsets.UTF_8);
    }
}
