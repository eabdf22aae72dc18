package dev.afterimage.projection.status;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.MissingNode;
import dev.afterimage.projection.status.PipelineStatus.Reached;
import io.smallrye.config.ConfigMapping;
import io.smallrye.config.WithDefault;
import jakarta.annotation.PreDestroy;
import jakarta.enterprise.context.ApplicationScoped;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** Queries the state of the upstream components, at most once a second for all callers together. */
@ApplicationScoped
class Pipeline {

    /** The limit for an answer, and the time for which an answer is reused. */
    private static final Duration SECOND = Duration.ofSeconds(1);
    /** The statuses with a usable body; a health endpoint answers 503 if a check is down. */
    private static final Set<Integer> TELLING = Set.of(200, 503);

    private static final Pattern CLASS_NAME = Pattern.compile("^[\\w.$]+: (?=.)");
    private static final int FAILURE_LENGTH = 300;

    /** The addresses of the upstream components. A component with an empty address is not queried. */
    @ConfigMapping(prefix = "pipeline")
    interface Addresses {

        /** The REST API of Kafka Connect. */
        @WithDefault("http://127.0.0.1:8083")
        Optional<URI> connectUrl();

        /** The order-service, whose health endpoint shows the replication slot and the outbox. */
        @WithDefault("http://127.0.0.1:8080")
        Optional<URI> orderServiceUrl();
    }

    private record Answer(Reached reached, JsonNode body) {}

    private static final Answer UNREACHABLE = new Answer(Reached.UNREACHABLE, MissingNode.getInstance());

    private final Addresses addresses;
    private final ObjectMapper json;
    private final HttpClient http = HttpClient.newBuilder()
            .version(HttpClient.Version.HTTP_1_1)
            .connectTimeout(SECOND)
            .build();

    // guarded by this
    private @Nullable PipelineStatus last;
    private long askedAt;

    Pipeline(Addresses addresses, ObjectMapper json) {
        this.addresses = addresses;
        this.json = json;
    }

    /**
     * Returns within little more than a second; the status is at most one second old. Never fails: a component that
     * does not answer is shown as unreachable.
     */
    synchronized PipelineStatus status() {
        if (last == null || System.nanoTime() - askedAt > SECOND.toNanos()) {
            var connect = ask(addresses.connectUrl(), "/connectors?expand=status");
            var source = ask(addresses.orderServiceUrl(), "/q/health");
            last = new PipelineStatus(connect(connect.join()), source(source.join()));
            askedAt = System.nanoTime();
        }
        return last;
    }

    @PreDestroy
    void close() {
        http.shutdownNow();
    }

    private CompletableFuture<Answer> ask(Optional<URI> part, String path) {
        if (part.isEmpty()) {
            return CompletableFuture.completedFuture(new Answer(Reached.NOT_ASKED, MissingNode.getInstance()));
        }
        var request = HttpRequest.newBuilder(part.get().resolve(path))
                .header("Accept", "application/json")
                .build();
        var exchange = http.sendAsync(request, BodyHandlers.ofString());
        return exchange.thenApply(response -> TELLING.contains(response.statusCode())
                        ? new Answer(Reached.ANSWERS, read(response.body()))
                        : UNREACHABLE)
                .completeOnTimeout(UNREACHABLE, SECOND.toMillis(), TimeUnit.MILLISECONDS)
                .exceptionally(_ -> UNREACHABLE)
                .whenComplete((_, _) -> exchange.cancel(true)); // otherwise connections would accumulate
    }

    private JsonNode read(String body) {
        try {
            return json.readTree(body);
        } catch (JsonProcessingException e) {
            throw new CompletionException(e);
        }
    }

    private static PipelineStatus.Connect connect(Answer answer) {
        return new PipelineStatus.Connect(
                answer.reached(),
                answer.body()
                        .valueStream()
                        .map(connector -> connector.path("status"))
                        .map(status -> new PipelineStatus.Connector(
                                status.path("name").asText(),
                                status.path("connector").path("state").asText(),
                                status.path("tasks")
                                        .valueStream()
                                        .map(task -> new PipelineStatus.Task(
                                                task.path("id").asInt(),
                                                task.path("state").asText(),
                                                failure(task.path("trace").asText(""))))
                                        .toList()))
                        .toList());
    }

    /** The first line of a stack trace, without the exception's class name. */
    private static @Nullable String failure(String trace) {
        String line = CLASS_NAME.matcher(trace.lines().findFirst().orElse("")).replaceFirst("");
        return line.isBlank() ? null : line.substring(0, Math.min(line.length(), FAILURE_LENGTH));
    }

    private static PipelineStatus.Source source(Answer answer) {
        JsonNode slot = check(answer.body(), "replication slot");
        JsonNode outbox = check(answer.body(), "outbox");
        return new PipelineStatus.Source(
                answer.reached(),
                slot.has("active")
                        ? new PipelineStatus.Slot(
                                slot.path("active").asBoolean(),
                                slot.path("wal").asText(),
                                slot.path("retainedWalBytes").asLong(),
                                slot.path("maxRetainedWalBytes").asLong(),
                                outbox.path("oldestUnconfirmedMs").asLong())
                        : null,
                number(outbox.path("rows")),
                number(check(answer.body(), "table slot").path("oldestUnconfirmedMs")),
                slot.has("state") ? slot.path("state").asText() : null);
    }

    private static @Nullable Long number(JsonNode value) {
        return value.isNumber() ? value.asLong() : null;
    }

    private static JsonNode check(JsonNode health, String name) {
        return health.path("checks")
                .valueStream()
                .filter(check -> check.path("name").asText().equals(name))
                .map(check -> check.path("data"))
                .findFirst()
                .orElse(MissingNode.getInstance());
    }
}
