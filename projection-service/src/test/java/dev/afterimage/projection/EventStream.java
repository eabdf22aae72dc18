package dev.afterimage.projection;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;

/** Follows {@code GET /events} until closed. */
public final class EventStream implements AutoCloseable {

    private static final JsonMapper JSON = new JsonMapper();

    private final HttpClient client = HttpClient.newHttpClient();
    private final InputStream body;
    private final List<Message> messages = new CopyOnWriteArrayList<>();
    private final List<String> comments = new CopyOnWriteArrayList<>();

    /**
     * One message of the stream.
     *
     * @param name empty for an event
     */
    public record Message(String name, String id, JsonNode data) {}

    /** Returns when the service has answered; from then on it sends events. */
    public EventStream(URI service) throws IOException, InterruptedException {
        this(service, "");
    }

    /** The same for a caller with this token. */
    public EventStream(URI service, String token) throws IOException, InterruptedException {
        this(service, "Authorization", token.isEmpty() ? "" : "Bearer " + token);
    }

    /** Continues after the message with this id. */
    public static EventStream after(String id, URI service) throws IOException, InterruptedException {
        return new EventStream(service, "Last-Event-ID", id);
    }

    private EventStream(URI service, String header, String value) throws IOException, InterruptedException {
        var request = HttpRequest.newBuilder(service.resolve("/events"));
        if (!value.isEmpty()) {
            request.header(header, value);
        }
        HttpResponse<InputStream> response = client.send(request.build(), HttpResponse.BodyHandlers.ofInputStream());
        if (response.statusCode() != 200) {
            throw new AssertionError("GET /events answers " + response.statusCode());
        }
        body = response.body();
        Thread.ofVirtual().start(this::read);
    }

    /** The events of this key, in the order of their arrival. */
    public List<JsonNode> of(String key) {
        return messages.stream()
                .map(Message::data)
                .filter(event -> event.path("key").asText().equals(key))
                .toList();
    }

    /** All messages so far. */
    public List<Message> messages() {
        return messages;
    }

    public List<String> comments() {
        return comments;
    }

    @Override
    public void close() {
        client.shutdownNow();
    }

    private void read() {
        try (var lines = new BufferedReader(new InputStreamReader(body, StandardCharsets.UTF_8))) {
            String name = "";
            String id = "";
            String data = "";
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                if (line.startsWith("data:")) {
                    data = line.substring("data:".length());
                } else if (line.startsWith("id:")) {
                    id = line.substring("id:".length()).strip();
                } else if (line.startsWith("event:")) {
                    name = line.substring("event:".length()).strip();
                } else if (line.isEmpty() && !data.isEmpty()) {
                    messages.add(new Message(name, id, JSON.readTree(data)));
                    name = "";
                    data = "";
                } else if (line.startsWith(":")) {
                    comments.add(line);
                }
            }
        } catch (IOException e) {
            // closed
        }
    }
}
