package dev.afterimage.projection.eventlog;

import static io.restassured.RestAssured.given;
import static org.awaitility.Awaitility.await;
import static org.hamcrest.Matchers.contains;
import static org.hamcrest.Matchers.empty;
import static org.hamcrest.Matchers.endsWith;
import static org.hamcrest.Matchers.equalTo;
import static org.hamcrest.Matchers.nullValue;

import dev.afterimage.projection.OrderEvents;
import dev.afterimage.projection.OrderTopic;
import io.quarkus.test.junit.QuarkusTest;
import jakarta.inject.Inject;
import java.time.Duration;
import java.util.Arrays;
import java.util.Locale;
import org.eclipse.microprofile.config.inject.ConfigProperty;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

@QuarkusTest
class HistoryResourceTest {

    @Inject
    @ConfigProperty(name = "kafka.bootstrap.servers")
    String bootstrapServers;

    private final OrderEvents order = new OrderEvents();

    @Test
    void tellsAnOrdersLifeAlsoWhenItIsDeleted() {
        put(order.placed(), order.changed(2), order.deleted(3), null);

        given().get("/orders/{id}", order.id).then().statusCode(404);
        given().get("/orders/{id}/history", order.id.toString().toUpperCase(Locale.ROOT))
                .then()
                .statusCode(200)
                .header("Link", nullValue())
                .body("operation", contains("c", "u", "d", "tombstone"))
                .body("version", contains(1, 2, 3, null))
                .body("eventType", contains("OrderEvent", "OrderEvent", "OrderEvent", null))
                .body("topic[0]", equalTo(OrderTopic.NAME))
                .body("before[0]", nullValue())
                .body("after[0].status", equalTo("PENDING"))
                .body("changes[0]", empty())
                .body("before[1].status", equalTo("PENDING"))
                .body("after[1].status", equalTo("PAID"))
                .body("changes[1].path", contains("/items/1", "/status", "/version"))
                .body("changes[1].before", contains(null, "PENDING", 1))
                .body("changes[1].after[0].lineTotal", equalTo("59.80"))
                .body("changes[1].after[2]", equalTo(2))
                .body("after[2]", nullValue())
                .body("before[3]", nullValue())
                .body("committedAt[1]", endsWith("Z"))
                .body("publishedAt[1]", endsWith("Z"))
                .body("processedAt[1]", endsWith("Z"));
    }

    @Test
    void putsAnEventThatCameLateAtItsVersion() {
        put(order.placed(), order.deleted(3), null, order.changed(2));
        given().get("/orders/{id}/history", order.id).then().body("operation", contains("c", "u", "d", "tombstone"));
    }

    @Test
    void pagesThroughALongLife() {
        put(order.placed(), order.changed(2), order.changed(3), order.deleted(4), null);

        var page = given().get("/orders/{id}/history?limit=2", order.id);
        page.then().body("version", contains(1, 2));
        page = given().urlEncodingEnabled(false).get(next(page.header("Link")));
        page.then().body("version", contains(3, 4));
        page = given().urlEncodingEnabled(false).get(next(page.header("Link")));
        page.then().header("Link", nullValue()).body("operation", contains("tombstone"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"no-id", "1-1-1-1-1", "%00"})
    void namesTheIdThatCannotBeRead(String id) {
        given().urlEncodingEnabled(false)
                .get("/orders/" + id + "/history")
                .then()
                .statusCode(400)
                .body("errors.field", contains("id"));
    }

    @Test
    void answersAProblemWhereTheLogKnowsNothing() {
        given().get("/orders/0199f2a4-7c10-7b3e-9d55-000000000000/history")
                .then()
                .statusCode(404)
                .contentType("application/problem+json")
                .body("type", equalTo("urn:problem-type:afterimage:unknown-id"));
    }

    @ParameterizedTest
    @CsvSource({"limit, 0", "limit, 201", "after, tomorrow", "after, 1-", "after, 9999999999999999999-1"})
    void namesTheParameterThatCannotBeRead(String name, String value) {
        given().queryParam(name, value)
                .get("/orders/{id}/history", order.id)
                .then()
                .statusCode(400)
                .body("errors.field", contains(name));
    }

    /** Puts the events of the order and waits until all are in the event log. */
    private void put(@Nullable String... events) {
        try (var topic = new OrderTopic(bootstrapServers)) {
            Arrays.stream(events).forEach(event -> topic.put(order.id, event));
        }
        await().atMost(Duration.ofSeconds(20))
                .untilAsserted(() ->
                        given().get("/orders/{id}/history", order.id).then().body("size()", equalTo(events.length)));
    }

    private static String next(String link) {
        return link.replaceFirst("<(.*)>; rel=\"next\"", "$1");
    }
}
