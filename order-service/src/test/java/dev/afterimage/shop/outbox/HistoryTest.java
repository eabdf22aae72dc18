package dev.afterimage.shop.outbox;

import static java.util.stream.Collectors.groupingBy;
import static java.util.stream.Collectors.toSet;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.afterimage.shop.outbox.Fold.Aggregate;
import dev.afterimage.shop.outbox.RandomClients.Answer;
import dev.afterimage.shop.outbox.RandomClients.Call;
import dev.afterimage.shop.outbox.RandomClients.Request;
import dev.afterimage.testing.Database;
import dev.afterimage.testing.TestSize;
import io.quarkus.test.junit.QuarkusTest;
import io.restassured.RestAssured;
import java.net.URI;
import java.time.Duration;
import java.time.OffsetDateTime;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.logging.Handler;
import java.util.logging.Level;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/**
 * Runs random clients, and then checks all answers and rows against the events in the WAL. {@code -Dhistory.seed=…}
 * repeats the requests of a failed run, but not their timing; {@code -Dhistory.operations=…} sets the number of
 * requests.
 */
@QuarkusTest
class HistoryTest {

    private static final int CLIENTS = 12;
    /** Less than 26^3, the number of currencies: each order is marked by its currency. */
    private static final int MARKS = 17_500;

    private static final int OPERATIONS = Integer.getInteger("history.operations", TestSize.of(1_000, MARKS));
    private static final long SEED = Long.getLong("history.seed", System.nanoTime());

    private static final Map<String, String> TABLES = Map.of("customer", """
            select jsonb_build_object('id', id, 'name', name, 'email', email,
                'createdAt', created_at, 'updatedAt', updated_at, 'version', version)
            from customers
            """, "product", """
            select jsonb_build_object('id', id, 'sku', sku, 'name', name, 'price', price::text,
                'createdAt', created_at, 'updatedAt', updated_at, 'version', version)
            from products
            """, "order", """
            select jsonb_build_object('id', id, 'customerId', customer_id, 'status', status, 'currency', currency,
                'total', total::text, 'items', (
                    select jsonb_agg(jsonb_build_object('productId', product_id, 'quantity', quantity,
                        'unitPrice', unit_price::text, 'lineTotal', line_total::text) order by position)
                    from order_items where order_id = orders.id),
                'createdAt', created_at, 'updatedAt', updated_at, 'version', version)
            from orders
            """);

    private final Database database = Database.ofService();
    private final Logger log = Logger.getLogger("dev.afterimage");
    private final Complaints complaints = new Complaints();

    @BeforeEach
    void emptyTheTablesAndCollectWarnings() {
        log.setLevel(Level.WARNING);
        log.addHandler(complaints);
        database.execute("truncate customers, products, orders, order_items, idempotency_keys, snapshots");
    }

    @AfterEach
    void stopCollectingWarnings() {
        log.setLevel(null);
        log.removeHandler(complaints);
    }

    @Test
    void eventsAloneExplainAllAnswersAndRows() throws Exception {
        try (var wal = Wal.asPublished()) {
            var clients = new RandomClients(URI.create("http://127.0.0.1:%d".formatted(RestAssured.port)));
            clients.run(SEED, CLIENTS, OPERATIONS);
            await().during(Duration.ofMillis(300))
                    .until(() -> database.value("""
                    select (select count(*) from pg_stat_activity where usename = 'orders_app' and state <> 'idle')
                        + (select count(*) from snapshots where status = 'RUNNING')
                    """).equals("0"));

            var fold = Fold.of(wal.changes());

            assertThat(tables()).isEqualTo(fold.rows());
            assertThat(database.value("select count(*) from outbox")).isEqualTo("0");
            assertThat(database.value("select sum(published) from snapshots"))
                    .isEqualTo("" + fold.snapshots().size());
            assertThat(complaints.heard).isEmpty();
            clientsSawWhatTheEventsTell(clients.calls(), fold);
            eachEventWasRequestedOnce(clients.calls(), fold);
            allEventTypesAndRefusalsOccurred(clients.calls(), fold);
        } catch (Exception | AssertionError failure) {
            throw new AssertionError("-Dhistory.seed=%d".formatted(SEED), failure);
        }
    }

    /**
     * Each image in an answer equals the image in the event of its version. Address, entity tag and precondition match
     * it.
     */
    private static void clientsSawWhatTheEventsTell(Collection<Call> calls, Fold fold) {
        for (var call : calls) {
            var request = call.request();
            var answer = call.answer();
            if (answer == null || request.path().endsWith("/cancellations")) {
                continue;
            }
            var body = answer.body();
            switch (answer.status()) {
                case 200, 201 -> {
                    for (var image : body.isArray() ? body : List.of(body)) {
                        var changes = fold.changes(new Aggregate(request.aggregate(), text(image, "id")));
                        assertThat(image)
                                .as("%s", call)
                                .isEqualTo(changes.get(version(image) - 1).get("after"));
                    }
                    if (!body.isArray()) {
                        assertThat(answer.headers())
                                .as("%s", call)
                                .containsEntry("ETag", "\"%d\"".formatted(version(body)));
                        assertThat(answer.headers().getOrDefault("Location", "/" + text(body, "id")))
                                .endsWith("/" + text(body, "id"));
                        assertThat(request.mayBuildOn(version(body)) || request.mayBuildOn(version(body) - 1))
                                .as("%s", call)
                                .isTrue();
                    }
                }
                case 204 -> {
                    var changes = fold.changes(new Aggregate(request.aggregate(), request.id()));
                    assertThat(text(changes.getLast(), "op")).as("%s", call).isEqualTo("d");
                    assertThat(request.mayBuildOn(changes.size() - 1))
                            .as("%s", call)
                            .isTrue();
                }
                case 412 -> {
                    var changes = fold.changes(new Aggregate(request.aggregate(), request.id()));
                    assertThat(version(body)).as("%s", call).isBetween(1, changes.size());
                    assertThat(request.mayBuildOn(version(body))).as("%s", call).isFalse();
                }
                default ->
                    assertThat(!answer.ok() || request.path().equals("/snapshots"))
                            .as("%s", call)
                            .isTrue();
            }
        }
    }

    /**
     * Each event belongs to a call that requested exactly this change and got it confirmed, or whose client hung up.
     * Refusals and repetitions have no event. Each successful POST has one event, also if it was repeated; so has each
     * delete and each cancellation.
     */
    private static void eachEventWasRequestedOnce(Collection<Call> calls, Fold fold) {
        var asked = calls.stream().collect(groupingBy(call -> mark(call.request())));
        var created = new HashSet<String>();
        fold.changes()
                .forEach((aggregate, changes) -> changes.forEach(event -> {
                    var marks = marks(aggregate, event);
                    assertThat(marks.stream().flatMap(mark -> asked.getOrDefault(mark, List.of()).stream()))
                            .as("who asked for %s", event)
                            .anyMatch(call ->
                                    call.answer() == null || gotWhatItAskedFor(call.request(), call.answer(), event));
                    assertThat(!text(event, "op").equals("c") || created.add(marks.getFirst()))
                            .as("done once: %s", event)
                            .isTrue();
                }));

        var deleted = new HashSet<String>();
        var cancelled = new HashMap<String, Request>();
        for (var call : calls) {
            var request = call.request();
            var answer = call.answer();
            if (answer == null || !answer.ok()) {
                continue;
            }
            assertThat(answer.status() != 204 || deleted.add(request.path()))
                    .as("deleted once: %s", request)
                    .isTrue();
            if (request.path().endsWith("/cancellations")) {
                for (var id : answer.body().get("cancelled")) {
                    assertThat(fold.changes(new Aggregate("order", id.asText())))
                            .as("%s", call)
                            .anyMatch(event -> marks(new Aggregate("order", id.asText()), event)
                                    .contains(mark(request)));
                    assertThat(cancelled.merge(id.asText(), request, (first, _) -> first))
                            .as("who cancelled %s", id)
                            .isEqualTo(request);
                }
            }
        }
    }

    /** The random load must produce all event types and refusals; otherwise they are not tested. */
    private static void allEventTypesAndRefusalsOccurred(Collection<Call> calls, Fold fold) {
        var changes = fold.changes().values().stream().flatMap(List::stream).map(event -> event.at("/source/eventType")
                .asText());
        assertThat(Stream.concat(changes, fold.snapshots().stream()).collect(toSet()))
                .isEqualTo(Stream.of("customer", "product", "order")
                        .flatMap(aggregate -> Contract.eventTypes(aggregate).stream())
                        .collect(toSet()));
        assertThat(calls.stream()
                        .flatMap(call -> Stream.ofNullable(call.answer()))
                        .filter(answer -> !answer.ok())
                        .map(answer -> text(answer.body(), "type").replaceFirst(".*:", "")))
                .contains(
                        "invalid-request",
                        "unknown-id",
                        "duplicate",
                        "in-use",
                        "transition-not-allowed",
                        "items-fixed",
                        "version-moved",
                        "key-reused");
    }

    private static boolean gotWhatItAskedFor(Request request, Answer answer, JsonNode event) {
        return switch (answer.status()) {
            case 204 -> true;
            case 200, 201 ->
                request.path().endsWith("/cancellations")
                        ? answer.body()
                                .get("cancelled")
                                .toString()
                                .contains(event.at("/after/id").toString())
                        : answer.body().equals(event.get("after"))
                                && request.body() != null
                                && contains(event.get("after"), request.body());
            default -> false;
        };
    }

    /** Whether the image contains the values of the request, at the same paths. */
    private static boolean contains(JsonNode image, JsonNode asked) {
        return switch (asked.getNodeType()) {
            case OBJECT ->
                asked.properties().stream()
                        .allMatch(field ->
                                image.has(field.getKey()) && contains(image.get(field.getKey()), field.getValue()));
            case ARRAY ->
                image.size() == asked.size()
                        && IntStream.range(0, asked.size()).allMatch(i -> contains(image.get(i), asked.get(i)));
            default -> image.equals(asked);
        };
    }

    /** Identifies the requested change: a request for a new aggregate by its mark, a change by its address. */
    private static String mark(Request request) {
        var body = request.body();
        if (!request.method().equals("POST") || body == null) {
            return request.method() + " " + request.path();
        }
        return Stream.of("name", "currency", "customerId")
                .filter(body::has)
                .findFirst()
                .map(field -> "POST %s %s".formatted(request.path(), text(body, field)))
                .orElse("POST nonsense");
    }

    /** The marks of the requests that may have caused the event. */
    private static List<String> marks(Aggregate aggregate, JsonNode event) {
        var collection = "/%ss".formatted(aggregate.type());
        var address = collection + "/" + aggregate.id();
        var after = event.get("after");
        return switch (event.at("/source/eventType").asText()) {
            case "CustomerRegistered", "ProductOffered" ->
                List.of("POST %s %s".formatted(collection, text(after, "name")));
            case "OrderPlaced" -> List.of("POST %s %s".formatted(collection, text(after, "currency")));
            case "CustomerChanged", "ProductChanged" -> List.of("PUT " + address);
            case "OrderItemsChanged" -> List.of("PUT %s/items".formatted(address));
            case "OrderStatusChanged" ->
                text(after, "status").equals("CANCELLED")
                        ? List.of(
                                "PUT %s/status".formatted(address),
                                "POST /orders/cancellations " + text(after, "customerId"))
                        : List.of("PUT %s/status".formatted(address));
            default -> List.of("DELETE " + address);
        };
    }

    private static int version(JsonNode body) {
        return body.get("version").asInt();
    }

    private static String text(JsonNode body, String field) {
        return body.get(field).asText();
    }

    /** The rows of the tables as images. */
    private Map<Aggregate, JsonNode> tables() throws Exception {
        var images = new HashMap<Aggregate, JsonNode>();
        try (var connection = database.connect();
                var statement = connection.createStatement()) {
            statement.execute("set timezone = 'UTC'");
            for (var table : TABLES.entrySet()) {
                try (var rows = statement.executeQuery(table.getValue())) {
                    while (rows.next()) {
                        var image = (ObjectNode) RandomClients.JSON.readTree(rows.getString(1));
                        for (var field : List.of("createdAt", "updatedAt")) {
                            image.put(
                                    field,
                                    OffsetDateTime.parse(text(image, field))
                                            .toInstant()
                                            .toString());
                        }
                        images.put(new Aggregate(table.getKey(), text(image, "id")), image);
                    }
                }
            }
        }
        return images;
    }

    /** Collects the warnings and errors of the service. */
    private static final class Complaints extends Handler {

        private final Queue<String> heard = new ConcurrentLinkedQueue<>();

        @Override
        public void publish(LogRecord complaint) {
            heard.add(complaint.getMessage());
        }

        @Override
        public void flush() {}

        @Override
        public void close() {}
    }
}
