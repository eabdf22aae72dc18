package dev.afterimage.projection.view.order;

import static io.restassured.RestAssured.given;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.hamcrest.Matchers.contains;
import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.equalTo;
import static org.hamcrest.Matchers.hasItem;
import static org.hamcrest.Matchers.hasKey;
import static org.hamcrest.Matchers.hasSize;
import static org.hamcrest.Matchers.not;
import static org.hamcrest.Matchers.nullValue;

import dev.afterimage.projection.NamedEvents;
import dev.afterimage.projection.OrderEvents;
import dev.afterimage.projection.OrderTopic;
import dev.afterimage.projection.change.Change;
import dev.afterimage.projection.view.Histories;
import dev.afterimage.testing.Database;
import io.quarkus.test.junit.QuarkusTest;
import jakarta.inject.Inject;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import javax.sql.DataSource;
import org.eclipse.microprofile.config.inject.ConfigProperty;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

@QuarkusTest
class OrderResourceTest {

    private static final Pattern NEXT = Pattern.compile("<([^>]+)>; rel=\"next\"");

    @Inject
    DataSource dataSource;

    @Inject
    OrderModel model;

    @Inject
    @ConfigProperty(name = "kafka.bootstrap.servers")
    String bootstrapServers;

    private final OrderEvents order = new OrderEvents();

    @Test
    void showsAnOrderWithItsItemsAndItsVersionAsEntityTag() throws SQLException {
        apply(Histories.read(order.id, order.changed(2)));
        given().get("/orders/{id}", order.id)
                .then()
                .statusCode(200)
                .header("ETag", "\"2-0\"")
                .body("id", equalTo(order.id.toString()))
                .body("customerId", equalTo(order.customerId.toString()))
                .body("status", equalTo("PAID"))
                .body("total", equalTo("59.80"))
                .body("createdAt", equalTo("2026-11-21T09:00:00.123456Z"))
                .body("items.quantity", contains(2, 2))
                .body("items.lineTotal", contains("59.80", "59.80"))
                .body("cdc.operation", equalTo("u"))
                .body("cdc", hasKey("timestamp"))
                .body("cdc", hasKey("syncedAt"));
    }

    @Test
    void joinsTheCustomerInOnceItHasArrived() throws SQLException {
        NamedEvents ada = NamedEvents.customer(UUID.randomUUID() + "@example.org");
        apply(Histories.read(order.id, order.placed().replace(order.customerId.toString(), ada.id.toString())));
        given().get("/orders/{id}", order.id)
                .then()
                .body("customerId", equalTo(ada.id.toString()))
                .body("$", hasKey("customer"))
                .body("customer", nullValue());

        try (var topic = new OrderTopic(bootstrapServers)) {
            topic.putOn("customer.events", ada.id, ada.created("Ada"));
        }
        given().get("/customers/{id}?minVersion=1&wait=20s", ada.id).then().statusCode(200);

        given().get("/orders/{id}", order.id)
                .then()
                .header("ETag", "\"1\"")
                .body("customer.id", equalTo(ada.id.toString()))
                .body("customer.name", equalTo("Ada"))
                .body("customer.email", containsString("@example.org"));
        given().get("/orders?customerId=" + ada.id).then().body("customer.name", contains("Ada"));
    }

    @Test
    void hasAnotherEntityTagOnceItsCustomerHasAnotherName() throws SQLException {
        NamedEvents ada = NamedEvents.customer(UUID.randomUUID() + "@example.org");
        apply(Histories.read(order.id, order.placed().replace(order.customerId.toString(), ada.id.toString())));
        String alone = given().get("/orders/{id}", order.id).header("ETag");
        try (var topic = new OrderTopic(bootstrapServers)) {
            topic.putOn("customer.events", ada.id, ada.created("Ada"));
            given().get("/customers/{id}?minVersion=1&wait=20s", ada.id).then().statusCode(200);
            String unmarried = given().get("/orders/{id}", order.id).header("ETag");
            topic.putOn("customer.events", ada.id, ada.renamed(2, "Ada", "Ada King"));
            given().get("/customers/{id}?minVersion=2&wait=20s", ada.id).then().statusCode(200);

            for (String old : List.of(alone, unmarried)) {
                given().header("If-None-Match", old)
                        .get("/orders/{id}", order.id)
                        .then()
                        .statusCode(200)
                        .header("ETag", "\"1-2\"")
                        .body("customer.name", equalTo("Ada King"))
                        .body("customer", not(hasKey("version")));
            }
        }
    }

    @Test
    void waitsForTheVersionThatIsStillOnItsWay() {
        var answer = CompletableFuture.supplyAsync(
                () -> given().get("/orders/{id}?minVersion=1&wait=30s", order.id),
                command -> Thread.ofPlatform().start(command));
        try (var topic = new OrderTopic(bootstrapServers)) {
            topic.put(order.id, order.placed());
        }
        answer.join().then().statusCode(200).header("ETag", "\"1-0\"");
    }

    @Test
    void saysWhenTheVersionDidNotComeInTime() throws SQLException {
        apply(Histories.read(order.id, order.changed(2)));
        given().get("/orders/{id}?minVersion=2&wait=0ms", order.id).then().statusCode(200);
        given().get("/orders/{id}?minVersion=3&wait=50ms", order.id)
                .then()
                .statusCode(504)
                .contentType("application/problem+json")
                .body("type", equalTo("urn:problem-type:afterimage:not-applied-in-time"));
    }

    @Test
    void doesNotWaitForAnOrderThatWasDeleted() throws SQLException {
        apply(Histories.read(order.id, order.deleted(3)));
        given().get("/orders/{id}?minVersion=3&wait=30s", order.id).then().statusCode(404);
    }

    @ParameterizedTest
    @CsvSource({"minVersion=x, minVersion", "minVersion=1&wait=2, wait", "minVersion=1&wait=31s, wait"})
    void namesTheParameterOfAWaitThatItCannotRead(String query, String field) {
        given().get("/orders/{id}?" + query, order.id).then().statusCode(400).body("errors.field", contains(field));
    }

    @Test
    void answersNotModifiedToWhoHasTheVersion() throws SQLException {
        apply(Histories.read(order.id, order.changed(2)));
        given().header("If-None-Match", "\"2-0\"")
                .get("/orders/{id}", order.id)
                .then()
                .statusCode(304);
        given().header("If-None-Match", "\"1\"")
                .get("/orders/{id}", order.id)
                .then()
                .statusCode(200);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "If-Match: \"2-0\"                              | 200",
                "If-Match: *                                | 200",
                "If-Match: W/\"2-0\"                            | 412",
                "If-Match: \"1\"                              | 412",
                "If-Match: \"1\", If-None-Match: \"2-0\"        | 412",
                "If-Match: \"2-0\", If-None-Match: \"2-0\"        | 304",
                "If-Match: \"2-0\", If-None-Match: \"1\"        | 200",
                "If-None-Match: *                           | 304",
                "If-None-Match: \"2-0\"                         | 304",
                "If-None-Match: W/\"2-0\"                       | 304",
                "If-None-Match: ,\"1\",,\"2-0\"                 | 304",
                "If-None-Match: \"1,2\"                       | 200",
                "If-None-Match: \"1\"                         | 200",
                "If-Unmodified-Since: Thu, 01 Jan 1970 00:00:00 GMT | 200",
                "If-Modified-Since: Fri, 31 Dec 9999 23:59:59 GMT   | 200",
                "If-None-Match:                             | 400",
                "If-Match:                                  | 400",
                "If-None-Match: 2                           | 400",
                "If-Match: 2                                | 400"
            })
    void evaluatesThePreconditionsOfAGetInTheOrderOfTheStandard(String headers, int status) throws SQLException {
        apply(Histories.read(order.id, order.changed(2)));
        var parsed = Stream.of(headers.split(", (?=If-)", -1))
                .map(header -> header.split(": ?", 2))
                .collect(Collectors.toMap(header -> header[0], header -> header[1]));
        for (String method : List.of("GET", "HEAD")) {
            given().headers(parsed)
                    .request(method, "/orders/{id}", order.id)
                    .then()
                    .statusCode(status);
        }
        if (status == 412) {
            given().headers(parsed)
                    .get("/orders/{id}", order.id)
                    .then()
                    .contentType("application/problem+json")
                    .body("type", equalTo("urn:problem-type:afterimage:version-moved"))
                    .body("version", equalTo(2));
        }
    }

    @ParameterizedTest
    @CsvSource({"If-Match, *, 200", "If-Match, \"1\", 412", "If-None-Match, *, 304", "If-None-Match, \"1\", 200"})
    void evaluatesThePreconditionsOfAGetWithoutATag(String name, String value, int status) {
        given().header(name, value).get("/orders").then().statusCode(status);
        given().header(name, value).get("/gaps").then().statusCode(status);
    }

    @ParameterizedTest
    @ValueSource(strings = {"If-Match", "If-None-Match"})
    void refusesARepeatedHeader(String name) throws SQLException {
        apply(Histories.read(order.id, order.changed(2)));
        given().header(name, "\"2\"", "\"2\"")
                .get("/orders/{id}", order.id)
                .then()
                .statusCode(400)
                .contentType("application/problem+json")
                .body("errors.field", contains(name));
    }

    /** Values that PostgreSQL can store but readers cannot parse; the constraints refuse them from any writer. */
    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "orders      | total = 'NaN'",
                "orders      | created_at = 'infinity'",
                "orders      | updated_at = '4713-01-01 BC'",
                "order_items | unit_price = 'NaN'",
                "order_items | line_total = 'NaN'"
            })
    void refusesInItsTablesWhatBreaksItsReaders(String table, String change) throws SQLException {
        apply(Histories.read(order.id, order.changed(2)));
        assertThatThrownBy(() -> Database.ofService()
                        .in("cdc_processed")
                        .execute("update %s set %s where %s = '%s'"
                                .formatted(table, change, table.equals("orders") ? "id" : "order_id", order.id)))
                .cause()
                .hasMessageContaining("violates check constraint");
    }

    @ParameterizedTest
    @ValueSource(strings = {"no-id", "1-1-1-1-1", "%00"})
    void namesTheIdThatCannotBeRead(String id) {
        given().urlEncodingEnabled(false)
                .get("/orders/" + id)
                .then()
                .statusCode(400)
                .contentType("application/problem+json")
                .body("type", equalTo("urn:problem-type:afterimage:invalid-request"))
                .body("errors.field", contains("id"));
    }

    @Test
    void answersAProblemForAnOrderItDoesNotHave() {
        given().get("/orders/0199f2a4-7c10-7b3e-9d55-000000000000")
                .then()
                .statusCode(404)
                .contentType("application/problem+json")
                .body("status", equalTo(404))
                .body("type", equalTo("urn:problem-type:afterimage:unknown-id"));
    }

    @ParameterizedTest
    @CsvSource({
        "status, LOST",
        "customerId, 7",
        "customerId, 1-1-1-1-1",
        "minTotal, -1",
        "minTotal, 1e9",
        "minTotal, 1111111111111111111111",
        "limit, 0",
        "limit, 201",
        "limit, many",
        "after, tomorrow",
        "after, KzEwMDAwMDAwMC0wMS0wMVQwMDowMDowMFovMS0xLTEtMS0x"
    })
    void namesTheParameterThatCannotBeRead(String name, String value) {
        given().queryParam(name, value)
                .get("/orders")
                .then()
                .statusCode(400)
                .contentType("application/problem+json")
                .body("type", equalTo("urn:problem-type:afterimage:invalid-request"))
                .body("errors.field", contains(name))
                .body("errors", hasSize(1));
    }

    @Test
    void namesEveryParameterThatCannotBeRead() {
        given().get("/orders?limit=x&status=y&minTotal=1.234")
                .then()
                .statusCode(400)
                .body("errors.field", contains("status", "minTotal", "limit"));
    }

    @ParameterizedTest
    @CsvSource({
        "GET, /nothing-here, */*, 404, unknown-address",
        "POST, /orders, */*, 405, method-not-allowed",
        "GET, /orders, image/png, 406, not-acceptable"
    })
    void answersATypedProblemWhereJakartaRestRefuses(
            String method, String path, String accept, int status, String type) {
        given().accept(accept)
                .request(method, path)
                .then()
                .statusCode(status)
                .contentType("application/problem+json")
                .body("type", equalTo("urn:problem-type:afterimage:" + type))
                .body("$", not(hasKey("detail")));
    }

    @Test
    void pagesThroughTheOrdersOfACustomerNewestFirst() throws SQLException {
        UUID customer = UUID.randomUUID();
        List<OrderEvents> placed =
                IntStream.range(0, 7).mapToObj(i -> new OrderEvents()).toList();
        for (int i = 0; i < placed.size(); i++) {
            OrderEvents one = placed.get(i);
            // pairs with the same time, so that the id decides the order
            apply(Histories.read(
                    one.id,
                    one.placed("EUR", i + ".50")
                            .replace(one.customerId.toString(), customer.toString())
                            .replace("09:00:00.123456Z", "09:0" + i / 2 + ":00.123456Z")));
        }
        List<String> expected = placed.stream()
                .sorted(Comparator.<OrderEvents>comparingInt(one -> placed.indexOf(one) / 2)
                        .thenComparing(one -> one.id.toString())
                        .reversed())
                .map(one -> one.id.toString())
                .toList();

        List<String> seen = new ArrayList<>();
        String page = "/orders?limit=3&customerId=" + customer;
        while (page != null) {
            var response = given().urlEncodingEnabled(false)
                    .get(page)
                    .then()
                    .statusCode(200)
                    .extract();
            seen.addAll(response.jsonPath().getList("id", String.class));
            String link = response.header("Link");
            var next = NEXT.matcher(link == null ? "" : link);
            page = next.find() ? next.group(1) : null;
        }

        assertThat(seen).isEqualTo(expected);
        given().get("/orders?limit=7&customerId=" + customer).then().header("Link", nullValue());
        given().get("/orders?minTotal=4.51&customerId=" + customer)
                .then()
                .body("total", contains("6.50", "5.50"))
                .header("Link", nullValue());
        given().get("/orders?status=PAID&customerId=" + customer).then().body("$", equalTo(List.of()));
        given().get("/orders?status=PENDING").then().body("status", hasItem("PENDING"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"/q/openapi", "/q/swagger-ui/", "/q/health/live", "/q/metrics"})
    void servesDocumentationHealthAndMetrics(String path) {
        given().get(path).then().statusCode(200);
    }

    private void apply(Change change) throws SQLException {
        try (var connection = dataSource.getConnection()) {
            connection.setAutoCommit(false);
            var _ = model.apply(connection, List.of(change));
            connection.commit();
        }
    }
}
