package dev.afterimage.shop.outbox;

import static dev.afterimage.shop.Shop.changeStatus;
import static dev.afterimage.shop.Shop.customer;
import static dev.afterimage.shop.Shop.newCustomer;
import static dev.afterimage.shop.Shop.newProduct;
import static dev.afterimage.shop.Shop.order;
import static dev.afterimage.shop.Shop.orderOf;
import static dev.afterimage.shop.Shop.placed;
import static dev.afterimage.shop.Shop.post;
import static dev.afterimage.shop.Shop.product;
import static dev.afterimage.shop.Shop.put;
import static io.restassured.RestAssured.given;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.afterimage.devservices.testing.InjectPublished;
import dev.afterimage.devservices.testing.PublishedEvent;
import dev.afterimage.devservices.testing.PublishedEvents;
import dev.afterimage.shop.order.OrderCommands;
import dev.afterimage.shop.order.Orders;
import dev.afterimage.shop.order.PlaceOrder;
import dev.afterimage.shop.order.RequestedItem;
import dev.afterimage.testing.Database;
import io.opentelemetry.sdk.testing.exporter.InMemorySpanExporter;
import io.opentelemetry.sdk.trace.data.SpanData;
import io.quarkus.narayana.jta.QuarkusTransaction;
import io.quarkus.test.junit.QuarkusTest;
import jakarta.inject.Inject;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.Callable;
import java.util.concurrent.Executors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

@QuarkusTest
class OutboxTest {

    private static final ObjectMapper JSON = new ObjectMapper();

    @Inject
    OrderCommands commands;

    @Inject
    Orders orders;

    @Inject
    InMemorySpanExporter spans;

    @InjectPublished
    @SuppressWarnings("NullAway.Init")
    PublishedEvents published;

    @Test
    void announcesAPlacedOrderByExactlyOneInsertAndOneDelete() throws Exception {
        var body = orderOf(customer(), product("29.90"), 2);
        try (var wal = Wal.ofEverything()) {
            var answer = post("/orders", body).statusCode(201).extract().asString();

            var changes = wal.changes();
            assertThat(changes).extracting(Wal.Change::kind).containsExactly('I', 'D');
            var row = changes.getFirst();
            assertThat(row.aggregateType()).isEqualTo("order");
            assertThat(row.type()).isEqualTo("OrderPlaced");
            assertThat(row.event().at("/op").asText()).isEqualTo("c");
            assertThat(row.event().at("/after")).isEqualTo(JSON.readTree(answer));
            assertThat(row.aggregateId()).isEqualTo(row.event().at("/after/id").asText());
            assertThat(Contract.violations("order", row.event())).isEmpty();
        }
        assertThat(count("outbox")).isZero();
    }

    @Test
    void insertsTheDeleteBeforeItsTombstone() throws Exception {
        var request = orderOf(customer(), product("29.90"), 2);
        try (var wal = Wal.ofEverything()) {
            var id = placed(request);
            changeStatus(id, "PAID").then().statusCode(200);
            given().delete("/orders/" + id).then().statusCode(204);

            assertThat(wal.changes())
                    .extracting(Wal.Change::kind)
                    .containsExactly('I', 'D', 'I', 'D', 'I', 'I', 'D', 'D');
        }
        assertThat(count("outbox")).isZero();
    }

    @Test
    void publishesALifeOfAnOrderInOrderFromItsPlacingToItsTombstone() {
        var id = order();
        changeStatus(id, "PAID").then().statusCode(200);
        changeStatus(id, "DELIVERED").then().statusCode(409);
        given().delete("/orders/" + id).then().statusCode(204);

        published.inOrder(id, "OrderPlaced", "OrderStatusChanged", "OrderDeleted", "OrderDeleted");
        chained(published.by(id), "order");
        assertThat(published.by(id)).extracting(PublishedEvent::topic).containsOnly("tested.order.events");
        assertThat(published.by(id))
                .extracting(event -> event.headers().get("id"))
                .doesNotContainNull()
                .doesNotHaveDuplicates();
    }

    @ParameterizedTest
    @CsvSource({
        "customer, CustomerRegistered CustomerChanged CustomerDeleted CustomerDeleted",
        "product,  ProductOffered ProductChanged ProductDeleted ProductDeleted"
    })
    void publishesTheLivesOfCustomersAndProductsToo(String aggregate, String types) throws Exception {
        var bodies = Stream.generate(() -> aggregate.equals("customer") ? newCustomer() : newProduct("29.90"))
                .iterator();
        var address = post("/%ss".formatted(aggregate), bodies.next()).extract().header("Location");
        var changed = put(address, bodies.next()).asString();
        given().delete(address).then().statusCode(204);

        var id = address.replaceFirst(".*/", "");
        published.inOrder(id, types.split(" "));
        chained(published.by(id), aggregate);
        assertThat(published.by(id)).extracting(PublishedEvent::topic).containsOnly("tested." + aggregate + ".events");
        assertThat(published.by(id).get(1).json().at("/after")).isEqualTo(JSON.readTree(changed));
    }

    /**
     * Checks the events of a whole life: create, change, delete and tombstone; each {@code before} is the previous
     * {@code after}.
     */
    private static void chained(List<PublishedEvent> life, String aggregate) {
        assertThat(life).hasSize(4).last().extracting(PublishedEvent::value).isNull();
        assertThat(life)
                .allSatisfy(event -> assertThat(Contract.violations(event)).isEmpty());
        var events = life.subList(0, 3);
        assertThat(events)
                .allSatisfy(
                        event -> assertThat(event.json().at("/source/eventType").asText())
                                .isEqualTo(event.type()))
                .allSatisfy(event ->
                        assertThat(Contract.violations(aggregate, event.json())).isEmpty());
        var images = events.stream().map(PublishedEvent::json).toList();
        assertThat(images).extracting(e -> e.at("/op").asText()).containsExactly("c", "u", "d");
        assertThat(images).extracting(e -> e.at("/source/version").asInt()).containsExactly(1, 2, 3);
        assertThat(images.get(1).at("/before")).isEqualTo(images.get(0).at("/after"));
        assertThat(images.get(2).at("/before")).isEqualTo(images.get(1).at("/after"));
    }

    @Test
    void publishesEachOrderOfACancellationAsAnEventOfItsOwn() {
        var customer = customer();
        var order = orderOf(customer, product("29.90"), 2);
        var ids = List.of(placed(order), placed(order), placed(order));

        post("/orders/cancellations", "{\"customerId\": \"%s\"}".formatted(customer))
                .statusCode(200);

        for (var id : ids) {
            published.inOrder(id, "OrderPlaced", "OrderStatusChanged");
            assertThat(published.by(id).getLast().json().at("/after/status").asText())
                    .isEqualTo("CANCELLED");
        }
    }

    @Test
    void publishesTheInsertsOnly() throws Exception {
        var request = orderOf(customer(), product("29.90"), 2);
        try (var wal = Wal.asPublished()) {
            var id = placed(request);
            given().delete("/orders/" + id).then().statusCode(204);

            assertThat(wal.changes()).extracting(Wal.Change::kind).containsExactly('I', 'I', 'I');
        }
    }

    @Test
    void carriesTheTraceOfTheRequestWhateverBaggageItHas() {
        var id = order();
        var trace = "4bf92f3577b34da6a3ce929d0e0e4736";
        given().header("traceparent", "00-%s-00f067aa0ba902b7-01".formatted(trace))
                .header("tracestate", "vendor=opaque")
                .header("baggage", "visitor=" + "x".repeat(1_000))
                .delete("/orders/" + id)
                .then()
                .statusCode(204);

        var request = await().until(
                        () -> spans.getFinishedSpanItems().stream()
                                .filter(span -> span.getTraceId().equals(trace))
                                .findAny(),
                        Optional::isPresent)
                .orElseThrow();
        assertThat(request.getParentSpanId()).isEqualTo("00f067aa0ba902b7");
        published.inOrder(id, "OrderPlaced", "OrderDeleted", "OrderDeleted");
        assertThat(published.by(id))
                .allSatisfy(event -> assertThat(Contract.violations(event)).isEmpty());
        assertThat(published.by(id))
                .as("the placing, the delete and its tombstone")
                .extracting(event -> event.headers().get("traceparent"))
                .containsExactly(
                        null,
                        "00-%s-%s-01".formatted(trace, request.getSpanId()),
                        "00-%s-%s-01".formatted(trace, request.getSpanId()));
    }

    @Test
    void writesNoTraceparentForAnUnsampledTrace() {
        var id = order();
        given().header("traceparent", "00-0af7651916cd43dd8448eb211c80319c-00f067aa0ba902b7-00")
                .delete("/orders/" + id)
                .then()
                .statusCode(204);

        published.inOrder(id, "OrderPlaced", "OrderDeleted", "OrderDeleted");
        assertThat(published.by(id))
                .extracting(event -> event.headers().get("traceparent"))
                .containsOnlyNulls();
        assertThat(spans.getFinishedSpanItems())
                .extracting(SpanData::getTraceId)
                .doesNotContain("0af7651916cd43dd8448eb211c80319c");
    }

    @Test
    void announcesNothingWhenAnOrderGetsTheStatusItHas() throws Exception {
        var id = order();
        try (var wal = Wal.ofEverything()) {
            changeStatus(id, "PENDING").then().statusCode(200).header("ETag", "\"1\"");

            assertThat(wal.changes()).isEmpty();
        }
    }

    @Test
    void leavesNothingBehindWhenTheTransactionRollsBack() throws Exception {
        var request = new PlaceOrder(
                UUID.fromString(customer()), null, List.of(new RequestedItem(UUID.fromString(product("29.90")), 2)));
        var before = count("orders");
        try (var wal = Wal.ofEverything()) {
            assertThatThrownBy(() -> QuarkusTransaction.requiringNew().run(() -> {
                        commands.place(request);
                        orders.flush();
                        throw new IllegalStateException("after the work, before the commit");
                    }))
                    .hasMessage("after the work, before the commit");

            assertThat(wal.changes()).isEmpty();
        }
        assertThat(count("orders")).isEqualTo(before);
        assertThat(count("outbox")).isZero();
    }

    @Test
    void writesNothingWhenARequestIsRefused() throws Exception {
        var id = order();
        var customer = customer();
        var product = product("29.90");
        var precious = product("9999999999.99");
        var orders = count("orders");
        var items = count("order_items");
        try (var wal = Wal.ofEverything()) {
            post("/orders", orderOf(customer, product, -1)).statusCode(400);
            post("/orders", orderOf(customer, UUID.randomUUID().toString(), 1)).statusCode(400);
            post("/orders", orderOf(customer, precious, 10_000)).statusCode(400);
            changeStatus(id, "DELIVERED").then().statusCode(409);
            given().delete("/orders/" + UUID.randomUUID()).then().statusCode(404);

            assertThat(wal.changes()).isEmpty();
        }
        assertThat(count("orders")).isEqualTo(orders);
        assertThat(count("order_items")).isEqualTo(items);
    }

    @Test
    void commitsConcurrentChangesOfOneOrderInTheOrderOfTheirVersions() throws Exception {
        var request = orderOf(customer(), product("29.90"), 2);
        try (var wal = Wal.ofEverything();
                var clients = Executors.newFixedThreadPool(16)) {
            var id = placed(request);
            Stream<String> wanted =
                    IntStream.range(0, 10).boxed().flatMap(_ -> Stream.of("PAID", "SHIPPED", "DELIVERED", "CANCELLED"));
            var requests = wanted.<Callable<Integer>>map(
                            status -> () -> changeStatus(id, status).statusCode())
                    .toList();

            for (var answer : clients.invokeAll(requests)) {
                assertThat(answer.get()).isIn(200, 409);
            }

            var events = inserts(wal.changes()).stream().map(Wal.Change::event).toList();
            assertThat(events).hasSizeGreaterThan(1);
            for (var i = 0; i < events.size(); i++) {
                assertThat(events.get(i).at("/source/version").asInt()).isEqualTo(i + 1);
                if (i > 0) {
                    assertThat(events.get(i).at("/before"))
                            .isEqualTo(events.get(i - 1).at("/after"));
                }
            }
        }
    }

    @Test
    void letsDebeziumReadTheOutboxAndNothingElse() throws Exception {
        try (var debezium = Database.ofService().as("debezium").connect();
                var statement = debezium.createStatement()) {
            assertThat(statement.execute("select * from outbox")).isTrue();
            assertThatThrownBy(() -> statement.execute("select * from customers"))
                    .hasMessageContaining("permission denied");
            assertThatThrownBy(() -> statement.execute("delete from outbox")).hasMessageContaining("permission denied");
        }
    }

    @Test
    void letsTheApplicationChangeRowsButNoTables() throws Exception {
        try (var application = Database.ofService().as("orders_app").connect();
                var statement = application.createStatement()) {
            assertThatThrownBy(() -> statement.execute("create table mine ()"))
                    .hasMessageContaining("permission denied");
            assertThatThrownBy(() -> statement.execute("drop table outbox")).hasMessageContaining("must be owner");
        }
    }

    private static List<Wal.Change> inserts(List<Wal.Change> changes) {
        return changes.stream().filter(change -> change.kind() == 'I').toList();
    }

    private static long count(String table) {
        return Database.ofService().number("select count(*) from " + table);
    }
}
