package dev.afterimage.cli.service;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.MissingNode;
import dev.afterimage.stack.StackException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.HttpURLConnection;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The REST API of a service, as far as the command line calls it. Uses the JDK's older, blocking client, whose requests
 * run in the caller's thread. With the newer client, a measured latency would include the time to switch threads.
 */
public final class RestService {

    private static final Duration CONNECT_TIMEOUT = Duration.ofSeconds(2);
    private static final Duration READ_TIMEOUT = Duration.ofSeconds(10);

    static {
        // idle connections to keep; with the default of 5, a measurement with 30 clients would reconnect often
        System.setProperty("http.maxConnections", "64");
        // by default a POST is sent again when the connection breaks, which would place an order twice
        System.setProperty("sun.net.http.retryPost", "false");
    }

    private final URI service;
    private final String token;
    private final ObjectMapper json = new ObjectMapper();

    /** A service that needs no token. */
    public RestService(URI service) {
        this(service, "");
    }

    /** @param token the bearer token of each request; empty for none */
    RestService(URI service, String token) {
        this.service = service;
        this.token = token;
    }

    /** The service needs a token, or a token with another role. */
    public static final class Refused extends StackException {
        private Refused(String reason) {
            super("The call needs another token (--token or AFTERIMAGE_TOKEN): " + reason);
        }
    }

    /** An answer of the service, a success or an error. */
    public record Answer(int status, JsonNode body) {

        /** The text of an error: the detail with the wrong fields, or Kafka Connect's message. */
        public String reason() {
            StringBuilder reason = new StringBuilder(body.path("detail")
                    .asText(body.path("message").asText(body.path("title").asText(body.toString()))));
            body.path("errors").forEach(error -> reason.append("; ")
                    .append(error.path("field").asText())
                    .append(' ')
                    .append(error.path("message").asText()));
            return reason.toString();
        }

        /**
         * Returns this answer.
         *
         * @throws Refused when the service does not accept the token; the message has the problem's title and detail
         */
        public Answer allowed() {
            if (status == 401 || status == 403) {
                throw new Refused((body.path("title").asText() + ". "
                                + body.path("detail").asText())
                        .strip());
            }
            return this;
        }
    }

    /** The body of a valid order. Creates a customer and a product if the shop has none. */
    public Map<String, ?> anOrder() {
        JsonNode customer = any("customers", Map.of("name", "Ada Lovelace", "email", "ada@example.com"));
        JsonNode product = any("products", Map.of("sku", "LOOM-1", "name", "Punched cards", "price", "29.90"));
        return Map.of(
                "customerId", customer.path("id").asText(),
                "items", List.of(Map.of("productId", product.path("id").asText(), "quantity", 2)));
    }

    /** An existing resource of the collection, else a new one with these fields. */
    private JsonNode any(String collection, Map<String, ?> fields) {
        JsonNode existing = expect(200, get("/" + collection + "?limit=1"));
        return existing.isEmpty() ? expect(201, post("/" + collection, fields)) : existing.get(0);
    }

    public Answer get(String path) {
        return send("GET", path, null, Map.of());
    }

    public Answer delete(String path) {
        return send("DELETE", path, null, Map.of());
    }

    public Answer post(String path, Object body) {
        return send("POST", path, body, Map.of());
    }

    public Answer put(String path, Object body) {
        return send("PUT", path, body, Map.of());
    }

    /**
     * Returns the body of the answer.
     *
     * @throws StackException with the service's message when the status is another
     */
    public static JsonNode expect(int status, Answer answer) {
        if (answer.allowed().status() == 404 && answer.body().has("detail")) {
            throw new StackException(answer.reason()); // says what is not there
        }
        if (answer.status() != status) {
            throw new StackException("The service answers " + answer.status() + ": " + answer.reason());
        }
        return answer.body();
    }

    /** The text at this address, such as the metrics. */
    public String text(String path) {
        try (InputStream in = open("GET", path, Map.of()).getInputStream()) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw noAnswer(e);
        }
    }

    /** Sends a request with headers such as {@code Idempotency-Key} or {@code If-Match}. */
    public Answer send(String method, String path, @Nullable Object body, Map<String, String> headers) {
        try {
            HttpURLConnection connection = open(method, path, headers);
            if (body != null) {
                connection.setDoOutput(true);
                connection.setRequestProperty("Content-Type", "application/json");
                try (OutputStream out = connection.getOutputStream()) {
                    json.writeValue(out, body);
                }
            }
            int status = connection.getResponseCode();
            try (InputStream in = status < 400 ? connection.getInputStream() : connection.getErrorStream()) {
                return new Answer(status, in == null ? MissingNode.getInstance() : json.readTree(in));
            }
        } catch (IOException e) {
            throw noAnswer(e);
        }
    }

    private HttpURLConnection open(String method, String path, Map<String, String> headers) throws IOException {
        HttpURLConnection connection =
                (HttpURLConnection) service.resolve(path).toURL().openConnection();
        connection.setConnectTimeout((int) CONNECT_TIMEOUT.toMillis());
        connection.setReadTimeout((int) READ_TIMEOUT.toMillis());
        connection.setRequestMethod(method);
        headers.forEach(connection::setRequestProperty);
        if (!token.isEmpty()) {
            connection.setRequestProperty("Authorization", "Bearer " + token);
            // a redirection to another host would take the token there
            connection.setInstanceFollowRedirects(false);
        }
        return connection;
    }

    private StackException noAnswer(IOException e) {
        return new StackException(
                "No answer from " + service + " (" + e.getClass().getSimpleName()
                        + "): does the pipeline run? Start it with infra/afterimage up",
                e);
    }
}
