package dev.afterimage.cli.service;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.afterimage.cli.terminal.Figures;
import dev.afterimage.cli.terminal.Screen;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;
import java.util.stream.Stream;

/**
 * Follows the projection-service's stream of applied events and prints one line for each. Reconnects when the stream
 * breaks, and continues after the last event.
 */
public final class AppliedEvents {

    private static final Duration RECONNECT_PAUSE = Duration.ofMillis(300);
    private static final String DATA = "data:";
    private static final String ID = "id:";
    private static final String DEAD_LETTER = "dead-letter";
    private static final ObjectMapper JSON = new ObjectMapper();

    private AppliedEvents() {}

    /** Follows the stream on a thread of its own, as long as this process runs. */
    public static void follow(URI projection, Consumer<String> tell) {
        Thread.ofPlatform().daemon().name("events").start(() -> read(projection, tell));
    }

    private static void read(URI projection, Consumer<String> tell) {
        HttpClient http =
                HttpClient.newBuilder().connectTimeout(Duration.ofSeconds(1)).build();
        var request = HttpRequest.newBuilder(projection.resolve("/events")).header("Accept", "text/event-stream");
        while (true) {
            try (Stream<String> lines = http.send(request.build(), HttpResponse.BodyHandlers.ofLines())
                    .body()) {
                lines.forEach(line -> {
                    if (line.startsWith(ID)) {
                        request.setHeader("Last-Event-ID", line.substring(ID.length()));
                    } else if (line.startsWith(DATA)) {
                        tell.accept(Screen.visible(line(line.substring(DATA.length()))));
                    }
                });
            } catch (IOException | UncheckedIOException e) {
                // the service is being restarted; the supervisor reports that
            } catch (InterruptedException e) {
                return;
            }
            LockSupport.parkNanos(RECONNECT_PAUSE.toNanos());
        }
    }

    /** One line: type, id, version, partition@offset, milliseconds from the commit until the event was applied. */
    public static String line(String data) {
        try {
            JsonNode event = JSON.readTree(data);
            if (event.has("count")) {
                return "! too many at once: " + event.path("count") + " events not shown";
            }
            String position = event.path("partition").asText() + "@"
                    + event.path("offset").asText();
            String version =
                    event.hasNonNull("version") ? "v" + event.path("version").asText() : "-";
            // a tombstone has no type, and neither has a dead letter whose type cannot be read
            String noType = event.path("effect").asText().equals(DEAD_LETTER) ? "?" : "tombstone";
            return "%-18s %s  %-5s %8s  %s"
                    .formatted(
                            event.path("eventType").asText(noType),
                            event.path("key").asText("no key"),
                            version,
                            position,
                            outcome(event));
        } catch (JsonProcessingException e) {
            return data;
        }
    }

    private static String outcome(JsonNode event) {
        String effect = event.path("effect").asText();
        return switch (effect) {
            case DEAD_LETTER -> "dead letter: " + event.path("reason").asText("no reason given");
            case "applied" ->
                event.has("latencyMs")
                        ? Figures.duration(
                                Duration.ofMillis(event.path("latencyMs").asLong()))
                        : "-";
            default -> effect;
        };
    }
}
