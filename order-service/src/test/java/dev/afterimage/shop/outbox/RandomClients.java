package dev.afterimage.shop.outbox;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static java.nio.charset.StandardCharsets.UTF_8;
import static java.util.concurrent.TimeUnit.MILLISECONDS;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Queue;
import java.util.Random;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Random clients over HTTP. They work at the same time on the same few aggregates. They send invalid requests, outdated
 * entity tags and repetitions, and close connections before the answer. Each requested change has a unique mark (a
 * name, a currency, a quantity), which identifies its event.
 */
final class RandomClients {

    static final ObjectMapper JSON = new ObjectMapper();

    private static final int HOT_ORDERS = 16;
    private static final List<String> STATUSES = List.of("PENDING", "PAID", "SHIPPED", "DELIVERED", "CANCELLED");

    private final URI service;
    private final HttpClient http =
            HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
    private final AtomicInteger marks = new AtomicInteger();
    private final Queue<Call> calls = new ConcurrentLinkedQueue<>();
    /**
     * The last entity tag that a client saw, by address. It is outdated as soon as another client changes the
     * aggregate.
     */
    private final Map<String, String> tags = new ConcurrentHashMap<>();

    /** The ids by address, including some deleted ones. */
    private final Map<String, List<String>> known = Map.of(
            "/customers", new CopyOnWriteArrayList<>(),
            "/products", new CopyOnWriteArrayList<>(),
            "/orders", new CopyOnWriteArrayList<>());

    private String precious = "";

    private final List<Action> actions = Stream.of(
                    Collections.nCopies(16, (Action) this::place),
                    Collections.nCopies(12, (Action) this::changeItems),
                    Collections.nCopies(24, (Action) this::changeStatus),
                    Collections.nCopies(3, (Action) this::cancelAll),
                    Collections.nCopies(9, (Action) this::deleteOrder),
                    Collections.nCopies(4, (Action) this::register),
                    Collections.nCopies(6, (Action) this::changeCustomer),
                    Collections.nCopies(4, (Action) this::deleteCustomer),
                    Collections.nCopies(4, (Action) this::offer),
                    Collections.nCopies(6, (Action) this::changeProduct),
                    Collections.nCopies(3, (Action) this::deleteProduct),
                    Collections.nCopies(7, (Action) this::read),
                    Collections.nCopies(4, (Action) this::invalidRequest),
                    Collections.nCopies(3, (Action) this::snapshot))
            .flatMap(Collection::stream)
            .toList();

    @FunctionalInterface
    private interface Action {

        void go(Random random, int mark);
    }

    record Request(
            String method,
            String path,
            @Nullable JsonNode body,
            @Nullable String ifMatch,
            @Nullable String key) {

        String collection() {
            return path.replaceFirst("(/[a-z]+).*", "$1");
        }

        /** The type: customer, product or order. */
        String aggregate() {
            return collection().substring(1, collection().length() - 1);
        }

        String id() {
            return RandomClients.id(path);
        }

        boolean mayBuildOn(int version) {
            return ifMatch == null
                    || ifMatch.equals("*")
                    || List.of(ifMatch.split(", ")).contains("\"%d\"".formatted(version));
        }
    }

    record Answer(int status, Map<String, String> headers, String text) {

        static Answer of(HttpResponse<String> response) {
            var headers = new ConcurrentHashMap<String, String>();
            for (var name : List.of("Location", "ETag", "Content-Type")) {
                response.headers().firstValue(name).ifPresent(value -> headers.put(name, value));
            }
            return new Answer(response.statusCode(), headers, response.body());
        }

        boolean ok() {
            return status < 300;
        }

        JsonNode body() {
            try {
                return JSON.readTree(text);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }

    /** @param answer null if the client hung up and does not know the outcome */
    record Call(Request request, @Nullable Answer answer) {}

    RandomClients(URI service) {
        this.service = service;
    }

    /** All calls with their answers. */
    Collection<Call> calls() {
        return calls;
    }

    /** Runs the operations and returns when all are answered. An unexpected answer is an error. */
    void run(long seed, int clients, int operations) throws InterruptedException, ExecutionException {
        var first = new Random(seed);
        var dear = product(first, 0).put("sku", "precious").put("price", "9999999999.99");
        precious = call(new Request("POST", "/products", dear, null, null), 201)
                .body()
                .get("id")
                .asText();
        ids("/products").clear();
        for (var i = 0; i < 6; i++) {
            register(first, marks.incrementAndGet());
            offer(first, marks.incrementAndGet());
        }
        try (var threads = Executors.newFixedThreadPool(clients)) {
            var ends = IntStream.rangeClosed(1, clients)
                    .mapToObj(client -> threads.submit(() -> {
                        var random = new Random(seed + client);
                        for (int mark; (mark = marks.incrementAndGet()) <= operations; ) {
                            actions.get(random.nextInt(actions.size())).go(random, mark);
                        }
                    }))
                    .toList();
            for (var end : ends) {
                end.get();
            }
        }
    }

    // -- the actions

    private void register(Random random, int mark) {
        post(random, "/customers", customer(random, mark), 409);
    }

    private void offer(Random random, int mark) {
        post(random, "/products", product(random, mark), 409);
    }

    private void place(Random random, int mark) {
        var order = JSON.createObjectNode().put("customerId", one(random, "/customers"));
        order.put("currency", "" + letter(mark / 676) + letter(mark / 26) + letter(mark));
        order.set("items", items(random, mark));
        post(random, "/orders", order, 400);
    }

    private void cancelAll(Random random, int mark) {
        post(random, "/orders/cancellations", cancellation(one(random, "/customers")), 400);
    }

    private void changeCustomer(Random random, int mark) {
        put(random, "/customers", "", customer(random, mark), 409);
    }

    private void changeProduct(Random random, int mark) {
        put(random, "/products", "", product(random, mark), 409);
    }

    private void changeItems(Random random, int mark) {
        var items = JSON.createObjectNode();
        items.set("items", items(random, mark));
        put(random, "/orders", "/items", items, 400, 409);
    }

    private void changeStatus(Random random, int mark) {
        var status = STATUSES.get(random.nextInt(STATUSES.size()));
        put(random, "/orders", "/status", JSON.createObjectNode().put("status", status), 409);
    }

    private void deleteCustomer(Random random, int mark) {
        delete(random, "/customers", 409);
    }

    private void deleteProduct(Random random, int mark) {
        delete(random, "/products", 409);
    }

    private void deleteOrder(Random random, int mark) {
        delete(random, "/orders");
    }

    private void read(Random random, int mark) {
        var collection = List.copyOf(known.keySet()).get(random.nextInt(known.size()));
        if (random.nextInt(4) == 0) {
            call(new Request("GET", collection + "?limit=5", null, null, null), 200);
        } else {
            call(new Request("GET", collection + "/" + one(random, collection), null, null, null), 200, 404);
        }
    }

    private void snapshot(Random random, int mark) {
        var aggregate = List.of("customer", "product", "order").get(random.nextInt(3));
        var start = JSON.createObjectNode().put("aggregate", aggregate);
        call(new Request("POST", "/snapshots", start, null, null), 202, 409);
    }

    /** Requests that the service must always refuse. */
    private void invalidRequest(Random random, int mark) {
        var nobody = UUID.randomUUID();
        var order = "/orders/" + one(random, "/orders");
        var empty = JSON.createObjectNode();
        switch (random.nextInt(8)) {
            case 0 -> call(new Request("POST", "/orders", empty, null, key()), 400);
            case 1 -> call(new Request("POST", "/customers", empty.put("name", " "), null, null), 400);
            case 2 ->
                call(new Request("POST", "/orders/cancellations", cancellation(nobody.toString()), null, key()), 400);
            case 3 -> call(new Request("PUT", order + "/status", empty.put("status", "LOST"), null, null), 400);
            case 4 ->
                call(new Request("PUT", order + "/items", empty.set("items", costly()), null, null), 400, 404, 409);
            case 5 -> {
                empty.put("customerId", one(random, "/customers")).set("items", costly());
                call(new Request("POST", "/orders", empty, null, null), 400);
            }
            case 6 -> call(new Request("DELETE", order, null, "1", null), 400);
            default -> call(new Request("DELETE", "/products/" + nobody, null, "*", null), 404);
        }
    }

    // -- sending requests

    private void post(Random random, String path, ObjectNode body, Integer... refusals) {
        var expected = Stream.concat(Stream.of(path.endsWith("cancellations") ? 200 : 201), Stream.of(refusals))
                .toArray(Integer[]::new);
        var request = new Request("POST", path, body, null, key());
        switch (random.nextInt(10)) {
            case 0 -> { // an invalid request, then the right one with the same key
                call(new Request("POST", path, JSON.createObjectNode(), null, request.key()), 400);
                if (body.has("customerId")) {
                    var nobodys =
                            body.deepCopy().put("customerId", UUID.randomUUID().toString());
                    call(new Request("POST", path, nobodys, null, request.key()), 400);
                }
                call(request, expected);
            }
            case 1 -> { // twice
                var first = call(request, expected);
                var second = call(request, expected);
                if (first.ok()) {
                    assertThat(second).as("repetition of %s", request).isEqualTo(first);
                }
            }
            case 2, 3 -> { // thrice at the same time
                var sent = Stream.generate(() -> send(request)).limit(3).toList();
                var done = sent.stream()
                        .map(answer -> note(request, answer.join(), expected))
                        .filter(Answer::ok)
                        .distinct();
                assertThat(done).as("twins of %s", request).hasSizeLessThan(2);
            }
            case 4 -> { // then another request with the same key
                var other = body.deepCopy()
                        .put(
                                body.has("name") ? "name" : "customerId",
                                UUID.randomUUID().toString());
                if (call(request, expected).ok()) {
                    call(new Request("POST", path, other, null, request.key()), 422);
                }
            }
            case 5, 6 -> { // not waiting for the answer
                hangUp(random, request);
                call(request, expected);
            }
            default -> call(new Request("POST", path, body, null, null), expected);
        }
    }

    private void put(Random random, String collection, String part, JsonNode body, Integer... refusals) {
        var address = collection + "/" + one(random, collection);
        var request = new Request("PUT", address + part, body, ifMatch(random, address), null);
        var answer = change(request, 200, refusals);
        if (answer.ok() && random.nextInt(4) == 0) {
            change(new Request("PUT", address + part, body, null, null), 200, refusals);
        }
    }

    private void delete(Random random, String collection, Integer... refusals) {
        var address = collection + "/" + oneOf(random, ids(collection).reversed());
        change(new Request("DELETE", address, null, ifMatch(random, address), null), 204, refusals);
    }

    private Answer change(Request request, Integer done, Integer... refusals) {
        var match = request.ifMatch();
        var expected = new ArrayList<>(List.of(404));
        if (match != null && !match.equals("*")) {
            expected.add(412);
        }
        if (match == null || !match.startsWith("W/")) {
            expected.add(done);
            expected.addAll(List.of(refusals));
        }
        return call(request, expected.toArray(Integer[]::new));
    }

    private @Nullable String ifMatch(Random random, String address) {
        var last = tags.getOrDefault(address, "\"1\"");
        return switch (random.nextInt(12)) {
            case 0, 1, 2 -> last;
            case 3 -> "*";
            case 4 -> "\"1\", %s".formatted(last);
            case 5 -> "W/" + last;
            case 6 -> "\"999999\"";
            default -> null;
        };
    }

    private Answer call(Request request, Integer... expected) {
        return note(request, send(request).join(), expected);
    }

    private Answer note(Request request, Answer answer, Integer... expected) {
        // a deadlock of two requests is rare and allowed
        if (answer.status() != 503 || !answer.text().contains(":collision")) {
            assertThat(answer.status())
                    .as("%s, answered by %s", request, answer)
                    .isIn((Object[]) expected);
        }
        calls.add(new Call(request, answer));
        var ids = ids(request.collection());
        var address = URI.create(answer.headers().getOrDefault("Location", request.path()))
                .getPath();
        if (answer.headers().containsKey("ETag")) {
            tags.put(aggregate(address), answer.headers().get("ETag"));
        }
        if (answer.status() == 201) {
            ids.remove(id(address)); // a repetition
            ids.add(id(address));
            if (request.collection().equals("/orders") && ids.size() > HOT_ORDERS) {
                ids.removeFirst();
            }
        } else if (answer.status() == 404) {
            ids.remove(id(address));
        }
        return answer;
    }

    private CompletableFuture<Answer> send(Request request) {
        var body = request.body();
        var builder = HttpRequest.newBuilder(service.resolve(request.path()))
                .timeout(Duration.ofSeconds(30))
                .method(
                        request.method(),
                        body == null ? BodyPublishers.noBody() : BodyPublishers.ofString(body.toString()));
        headers(request).forEach(builder::header);
        return http.sendAsync(builder.build(), BodyHandlers.ofString()).thenApply(Answer::of);
    }

    /**
     * Closes the connection at a random point between the first byte of the request and the last byte of the answer.
     */
    private void hangUp(Random random, Request request) {
        var message = new ByteArrayOutputStream();
        var body = String.valueOf(request.body()).getBytes(UTF_8);
        message.writeBytes("POST %s HTTP/1.1\r\nHost: shop\r\nContent-Length: %d\r\n"
                .formatted(request.path(), body.length)
                .getBytes(US_ASCII));
        headers(request)
                .forEach((name, value) ->
                        message.writeBytes("%s: %s\r\n".formatted(name, value).getBytes(US_ASCII)));
        message.writeBytes("\r\n".getBytes(US_ASCII));
        message.writeBytes(body);
        try (var socket = new Socket(service.getHost(), service.getPort())) {
            socket.setSoLinger(random.nextBoolean(), 0);
            var length = random.nextInt(3) == 0 ? random.nextInt(message.size()) : message.size();
            socket.getOutputStream().write(message.toByteArray(), 0, length);
            LockSupport.parkNanos(MILLISECONDS.toNanos(random.nextInt(8)));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        calls.add(new Call(request, null));
    }

    private static Map<String, String> headers(Request request) {
        var headers = new ConcurrentHashMap<String, String>();
        if (request.body() != null) {
            headers.put("Content-Type", "application/json");
        }
        if (request.ifMatch() != null) {
            headers.put("If-Match", request.ifMatch());
        }
        if (request.key() != null) {
            headers.put("Idempotency-Key", request.key());
        }
        return headers;
    }

    // -- request bodies and ids

    /** A customer with one of only a few emails, so that emails collide. */
    private static ObjectNode customer(Random random, int mark) {
        var email = "c%d@example.com".formatted(random.nextInt(16));
        return JSON.createObjectNode()
                .put("name", "customer %d".formatted(mark))
                .put("email", random.nextBoolean() ? email : email.toUpperCase(Locale.ROOT));
    }

    private static ObjectNode product(Random random, int mark) {
        return JSON.createObjectNode()
                .put("sku", "sku-%d".formatted(random.nextInt(16)))
                .put("name", "product %d".formatted(mark))
                .put("price", "%d.%02d".formatted(random.nextInt(100), random.nextInt(100)));
    }

    private static ObjectNode cancellation(String customer) {
        return JSON.createObjectNode().put("customerId", customer);
    }

    private ArrayNode items(Random random, int mark) {
        var items = JSON.createArrayNode();
        for (var line = 1 + random.nextInt(3); line > 0; line--) {
            items.addObject().put("productId", one(random, "/products")).put("quantity", 1 + mark % 10_000);
        }
        return items;
    }

    /** Items whose total is more than an order can hold. */
    private ArrayNode costly() {
        return JSON.createArrayNode()
                .add(JSON.createObjectNode().put("productId", precious).put("quantity", 10_000));
    }

    private String one(Random random, String collection) {
        return oneOf(random, ids(collection));
    }

    /**
     * A random id, the oldest ids more often, so that other customers stay without orders and can be deleted; sometimes
     * an unknown id.
     */
    private static String oneOf(Random random, List<String> ids) {
        var now = List.copyOf(ids);
        var index = Math.min(random.nextInt(now.size() + 1), random.nextInt(now.size() + 1));
        return index == now.size() ? UUID.randomUUID().toString() : now.get(index);
    }

    private List<String> ids(String collection) {
        return known.getOrDefault(collection, List.of());
    }

    private static String key() {
        return UUID.randomUUID().toString();
    }

    private static char letter(int number) {
        return (char) ('A' + number % 26);
    }

    /** The id in the address of an aggregate, or of one of its parts. */
    private static String id(String address) {
        return address.split("/", 4)[2];
    }

    /** The address of the aggregate without a part, because entity tags belong to the whole aggregate. */
    private static String aggregate(String address) {
        return address.replaceAll("(/[^/]+/[^/]+).*", "$1");
    }
}
