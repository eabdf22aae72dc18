package dev.afterimage.projection.page;

import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.File;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.WebSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * A window of a headless Chromium, controlled through its <a
 * href="https://chromedevtools.github.io/devtools-protocol/">DevTools protocol</a>. This class implements the few
 * messages itself, because a driver program would have to match the browser's exact version.
 */
final class Browser implements AutoCloseable {

    private static final Duration LIMIT = Duration.ofSeconds(30);
    private static final JsonMapper JSON = new JsonMapper();

    private final HttpClient client = HttpClient.newHttpClient();
    private final Path profile;
    private final Process process;
    private final WebSocket socket;

    private final AtomicInteger lastId = new AtomicInteger();
    private final Map<Integer, CompletableFuture<JsonNode>> asked = new ConcurrentHashMap<>();
    private final List<String> complaints = new CopyOnWriteArrayList<>();
    private final List<URI> requests = new CopyOnWriteArrayList<>();

    /** Skips the test on a machine without Chromium. */
    Browser() throws IOException, InterruptedException {
        Path program = Chromium.find();
        profile = Files.createTempDirectory(Path.of("target"), "chromium");
        process = new ProcessBuilder(Chromium.command(program, profile))
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.appendTo(new File("target", "chromium.log")))
                .start();
        Runtime.getRuntime().addShutdownHook(new Thread(process::destroyForcibly)); // if close() is never reached
        Path portFile = profile.resolve("DevToolsActivePort");
        await("Chromium has started; see target/chromium.log")
                .atMost(LIMIT)
                .until(() ->
                        Files.exists(portFile) && Files.readAllLines(portFile).size() == 2);
        var windows = HttpRequest.newBuilder(URI.create(
                        "http://127.0.0.1:" + Files.readAllLines(portFile).getFirst() + "/json/list"))
                .build();
        JsonNode window = await().atMost(LIMIT)
                .until(
                        () -> JSON.readTree(client.send(windows, HttpResponse.BodyHandlers.ofString())
                                        .body())
                                .path(0),
                        found -> found.has("webSocketDebuggerUrl"));
        socket = client.newWebSocketBuilder()
                .buildAsync(URI.create(window.get("webSocketDebuggerUrl").asText()), new Messages())
                .join();
        for (String domain : List.of("Page", "Runtime", "Log", "Network")) {
            call(domain + ".enable", Map.of());
        }
    }

    void visit(URI page) {
        call("Page.navigate", Map.of("url", page.toString()));
    }

    /** Sets the size of the screen in CSS pixels. */
    void resize(int width, int height) {
        call(
                "Emulation.setDeviceMetricsOverride",
                Map.of("width", width, "height", height, "deviceScaleFactor", 1, "mobile", width < 500));
    }

    /** Presses and releases a key in the focused element. */
    void press(String key, int code, @Nullable String text) {
        Map<String, Object> down =
                Map.of("type", text == null ? "rawKeyDown" : "keyDown", "text", text == null ? "" : text);
        for (Map<String, Object> half : List.of(down, Map.<String, Object>of("type", "keyUp"))) {
            var event = JSON.createObjectNode().put("key", key).put("windowsVirtualKeyCode", code);
            half.forEach((name, value) -> event.put(name, value.toString()));
            call("Input.dispatchKeyEvent", event);
        }
    }

    /** The value of a JavaScript expression in the page; waits for a promise. */
    JsonNode evaluate(String expression) {
        JsonNode answer =
                call("Runtime.evaluate", Map.of("expression", expression, "returnByValue", true, "awaitPromise", true));
        if (answer.has("exceptionDetails")) {
            throw new AssertionError(expression + " failed: " + answer.get("exceptionDetails"));
        }
        return answer.path("result").path("value");
    }

    /**
     * The text of the first element with this CSS selector, with white space collapsed; empty if there is no such
     * element.
     */
    String text(String selector) {
        return evaluate("document.querySelector(`" + selector + "`)?.innerText ?? ''")
                .asText()
                .replaceAll("\\s+", " ")
                .trim();
    }

    /** The errors and warnings on the page's console, and uncaught exceptions. */
    List<String> complaints() {
        return complaints;
    }

    /** All addresses that the page requested. */
    List<URI> requests() {
        return requests;
    }

    @Override
    public void close() throws IOException, InterruptedException {
        List<ProcessHandle> all = Stream.concat(Stream.of(process.toHandle()), process.descendants())
                .toList();
        process.destroy();
        if (!process.waitFor(10, TimeUnit.SECONDS)) {
            process.destroyForcibly();
        }
        all.forEach(each -> each.onExit().join());
        client.shutdownNow();
        try (var files = Files.walk(profile)) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(file);
            }
        }
    }

    private JsonNode call(String method, Object parameters) {
        int id = lastId.incrementAndGet();
        var answer = new CompletableFuture<JsonNode>();
        asked.put(id, answer);
        var message = JSON.createObjectNode().put("id", id).put("method", method);
        message.set("params", JSON.valueToTree(parameters));
        socket.sendText(message.toString(), true).join();
        return answer.orTimeout(LIMIT.toSeconds(), TimeUnit.SECONDS).join();
    }

    private final class Messages implements WebSocket.Listener {

        private final StringBuilder text = new StringBuilder();

        @Override
        public @Nullable CompletionStage<?> onText(WebSocket webSocket, CharSequence part, boolean last) {
            text.append(part);
            if (last) {
                take(text.toString());
                text.setLength(0);
            }
            webSocket.request(1);
            return null;
        }

        private void take(String text) {
            JsonNode message;
            try {
                message = JSON.readTree(text);
            } catch (IOException e) {
                throw new AssertionError(e);
            }
            JsonNode of = message.path("params");
            switch (message.path("method").asText()) {
                case "" -> answered(message);
                case "Runtime.exceptionThrown" ->
                    complaints.add(of.path("exceptionDetails").toString());
                case "Runtime.consoleAPICalled" -> complain(of.path("type"), of.path("args"));
                case "Log.entryAdded" -> complain(of.at("/entry/level"), of.path("entry"));
                case "Network.requestWillBeSent" ->
                    requests.add(URI.create(of.at("/request/url").asText()));
                default -> {}
            }
        }

        private void answered(JsonNode message) {
            var answer = asked.remove(message.path("id").asInt());
            if (answer == null) {
                return;
            }
            if (message.has("error")) {
                answer.completeExceptionally(
                        new AssertionError(message.get("error").toString()));
            } else {
                answer.complete(message.path("result"));
            }
        }

        private void complain(JsonNode level, JsonNode what) {
            if (List.of("error", "warning", "assert").contains(level.asText())) {
                complaints.add(what.toString());
            }
        }
    }
}
