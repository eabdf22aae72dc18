package dev.afterimage.shop.snapshot;

import static dev.afterimage.shop.Shop.changeStatus;
import static dev.afterimage.shop.Shop.customer;
import static dev.afterimage.shop.Shop.get;
import static dev.afterimage.shop.Shop.orderOf;
import static dev.afterimage.shop.Shop.placed;
import static dev.afterimage.shop.Shop.post;
import static dev.afterimage.shop.Shop.product;
import static io.restassured.RestAssured.given;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.hamcrest.Matchers.equalTo;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.afterimage.devservices.testing.InjectPublished;
import dev.afterimage.devservices.testing.PublishedEvent;
import dev.afterimage.devservices.testing.PublishedEvents;
import dev.afterimage.shop.Gate;
import dev.afterimage.testing.Database;
import io.quarkus.test.junit.QuarkusTest;
import java.time.Duration;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executors;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@QuarkusTest
class SnapshotTest {

    private static final ObjectMapper JSON = new ObjectMapper();
    private static final String OF_A_SNAPSHOT = "new.payload ->> 'op' = 'r'";

    @InjectPublished
    @SuppressWarnings("NullAway.Init")
    PublishedEvents published;

    /** Otherwise a snapshot would publish the aggregates of all other tests. */
    @BeforeEach
    void startFromNothing() {
        Database.ofService().execute("truncate customers, products, orders, order_items");
    }

    @ParameterizedTest
    @ValueSource(strings = {"customer", "product", "order"})
    void publishesEveryAggregateOnceAsItIs(String aggregate) throws Exception {
        var orders = IntStream.range(0, 12)
                .mapToObj(i -> placed(orderOf(customer(), product("29.90"), 1)))
                .toList();
        changeStatus(orders.get(10), "PAID").then().statusCode(200);
        given().delete("/orders/" + orders.get(11)).then().statusCode(204);

        var done = done(started(aggregate));

        await().until(() -> ofSnapshots().size() >= done.total());
        var events = ofSnapshots();
        assertThat(events).extracting(PublishedEvent::topic).containsOnly("tested." + aggregate + ".events");
        assertThat(events).extracting(PublishedEvent::aggregateId).doesNotHaveDuplicates();
        assertThat(events).hasSize(done.published()).hasSize(done.total());
        assertThat(events)
                .extracting(PublishedEvent::aggregateId)
                .containsExactlyInAnyOrderElementsOf(
                        Database.ofService().rows("select id from %ss".formatted(aggregate)));
        var one = events.get(events.size() / 2);
        assertThat(one.json().at("/before").isNull()).isTrue();
        var shown = get("/" + aggregate + "s/" + one.aggregateId()).extract().asString();
        assertThat(one.json().at("/after")).isEqualTo(JSON.readTree(shown));
        assertThat(one.json().at("/source/version")).isEqualTo(one.json().at("/after/version"));
    }

    @Test
    void isNotOvertakenByAChangeThatComesMeanwhile() throws Exception {
        var id = placed(orderOf(customer(), product("29.90"), 1));
        try (var client = Executors.newSingleThreadExecutor()) {
            String snapshot;
            CompletableFuture<Integer> change;
            try (var gate = Gate.behindOutboxRows(OF_A_SNAPSHOT + " and new.aggregate_id = '%s'".formatted(id))) {
                snapshot = started("order");
                gate.awaitWaiting(1);
                change = CompletableFuture.supplyAsync(
                        () -> changeStatus(id, "PAID").statusCode(), client);
                gate.awaitWaiting(2);
            }
            done(snapshot);
            assertThat(change.get()).isEqualTo(200);

            assertThat(versionsAndOps(id, 3)).containsExactly("1c", "1r", "2u");
        }
    }

    @Test
    void waitsForAChangeUnderWayAndPublishesWhatItMade() throws Exception {
        var id = placed(orderOf(customer(), product("29.90"), 1));
        try (var client = Executors.newSingleThreadExecutor()) {
            String snapshot;
            CompletableFuture<Integer> change;
            try (var gate = Gate.behindOutboxRows("new.payload ->> 'op' = 'u'")) {
                change = CompletableFuture.supplyAsync(
                        () -> changeStatus(id, "PAID").statusCode(), client);
                gate.awaitWaiting(1);
                snapshot = started("order");
                gate.awaitWaiting(2);
            }
            done(snapshot);
            assertThat(change.get()).isEqualTo(200);

            assertThat(versionsAndOps(id, 3)).containsExactly("1c", "2u", "2r");
        }
    }

    @Test
    void refusesASecondOfTheSameAggregateWhileOneRuns() throws Exception {
        placed(orderOf(customer(), product("29.90"), 1));
        String running;
        try (var gate = Gate.behindOutboxRows(OF_A_SNAPSHOT)) {
            running = started("order");
            gate.awaitWaiting(1);

            post("/snapshots", "{\"aggregate\": \"order\"}")
                    .statusCode(409)
                    .body("type", equalTo("urn:problem-type:afterimage:snapshot-running"));
        }
        done(running);
        done(started("order"));
    }

    @Test
    void namesTheAggregatesThereAre() {
        post("/snapshots", "{\"aggregate\": \"invoice\"}")
                .statusCode(400)
                .body("errors[0].field", equalTo("aggregate"))
                .body("errors[0].message", equalTo("must be one of [customer, order, product]"));
        get("/snapshots/" + UUID.randomUUID()).statusCode(404);
    }

    @Test
    void startsOnceForOneIdempotencyKey() {
        Supplier<String> start = () -> given().contentType("application/json")
                .header("Idempotency-Key", "snapshot-of-today")
                .body("{\"aggregate\": \"product\"}")
                .post("/snapshots")
                .then()
                .statusCode(202)
                .extract()
                .header("Location");
        var first = start.get();

        assertThat(start.get()).isEqualTo(first);
        done(first.substring(first.lastIndexOf('/') + 1));
    }

    private static String started(String aggregate) {
        return post("/snapshots", "{\"aggregate\": \"%s\"}".formatted(aggregate))
                .statusCode(202)
                .body("status", equalTo("RUNNING"))
                .extract()
                .path("id");
    }

    private record Done(int published, int total) {}

    private static Done done(String snapshot) {
        await().atMost(Duration.ofSeconds(30)).until(() -> get("/snapshots/" + snapshot)
                .statusCode(200)
                .extract()
                .path("status")
                .equals("DONE"));
        var progress = get("/snapshots/" + snapshot).extract();
        return new Done(progress.path("published"), progress.path("total"));
    }

    /** The snapshot events; the tests of projection-service may write to other topics of the same Kafka meanwhile. */
    private List<PublishedEvent> ofSnapshots() {
        return published.all().stream()
                .filter(event -> event.topic().startsWith("tested."))
                .filter(event -> event.json().path("op").asText().equals("r"))
                .toList();
    }

    /** The versions and operations of the order's first events. */
    private List<String> versionsAndOps(String id, int events) {
        return Stream.generate(() -> published.next(id).json())
                .limit(events)
                .map(event ->
                        event.at("/source/version").asText() + event.at("/op").asText())
                .toList();
    }
}
