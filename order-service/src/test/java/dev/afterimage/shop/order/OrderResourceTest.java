package dev.afterimage.shop.order;

import static dev.afterimage.shop.Shop.changeStatus;
import static dev.afterimage.shop.Shop.customer;
import static dev.afterimage.shop.Shop.get;
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
import static org.hamcrest.Matchers.contains;
import static org.hamcrest.Matchers.endsWith;
import static org.hamcrest.Matchers.equalTo;
import static org.hamcrest.Matchers.hasSize;
import static org.hamcrest.Matchers.notNullValue;
import static org.hamcrest.Matchers.nullValue;

import dev.afterimage.testing.Database;
import io.quarkus.test.junit.QuarkusTest;
import io.restassured.response.ValidatableResponse;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

@QuarkusTest
class OrderResourceTest {

    @Test
    void showsAnOrderTheSameWhenPlacedAndWhenRead() {
        var placed = post("/orders", orderOf(customer(), product("29.90"), 2))
                .statusCode(201)
                .header("ETag", "\"1\"")
                .body("status", equalTo("PENDING"))
                .body("currency", equalTo("EUR"))
                .body("total", equalTo("59.80"))
                .body("items[0].unitPrice", equalTo("29.90"))
                .body("items[0].lineTotal", equalTo("59.80"))
                .body("version", equalTo(1))
                .extract();

        given().get(placed.header("Location"))
                .then()
                .statusCode(200)
                .header("ETag", "\"1\"")
                .body(equalTo(placed.asString()));
    }

    @Test
    void keepsTheLinesInTheOrderTheyWereWritten() {
        var dear = product("20.00");
        var cheap = product("0.01");

        var id = post("/orders", """
                        {"customerId": "%s", "currency": "USD", "items": [
                          {"productId": "%s", "quantity": 1},
                          {"productId": "%s", "quantity": 3},
                          {"productId": "%s", "quantity": 2}
                        ]}
                        """.formatted(customer(), dear, cheap, dear))
                .statusCode(201)
                .extract()
                .<String>path("id");

        get("/orders/" + id)
                .body("currency", equalTo("USD"))
                .body("total", equalTo("60.03"))
                .body("items.productId", contains(dear, cheap, dear))
                .body("items.quantity", contains(1, 3, 2));
    }

    @Test
    void listsTheNewestOrdersOfACustomerFirst() {
        var customer = customer();
        var product = product("1.00");
        var first = place(customer, product);
        var second = place(customer, product);
        var third = place(customer, product);
        order();
        changeStatus(second, "PAID").then().statusCode(200);

        get("/orders?customerId=" + customer).statusCode(200).body("id", contains(third, second, first));
        get("/orders?limit=2&customerId=" + customer)
                .body("id", contains(third, second))
                .body("items[0]", hasSize(1));
        get("/orders?status=PAID&customerId=" + customer).body("id", contains(second));
        get("/orders?limit=1").body("", hasSize(1));
    }

    @Test
    void walksThePagesPastEachOrderOnceWhileOthersPlaceAndDelete() {
        var customer = customer();
        var product = product("1.00");
        var orders =
                IntStream.range(0, 10).mapToObj(_ -> place(customer, product)).toList();
        changeStatus(orders.get(9), "PAID").then().statusCode(200);
        var leaving = Stream.of(0, 1, 5, 6).map(orders::get).iterator();
        var seen = new ArrayList<String>();

        var next = Optional.of("/orders?limit=3&status=PENDING&customerId=" + customer);
        while (next.isPresent()) {
            var page = get(next.get()).statusCode(200).extract();
            seen.addAll(page.path("id"));
            next = Optional.ofNullable(page.header("Link"))
                    .map(link -> link.replaceFirst("<(.*)>; rel=\"next\"", "$1"));
            place(customer, product);
            if (leaving.hasNext()) {
                given().delete("/orders/" + leaving.next()).then().statusCode(204);
            }
        }

        assertThat(seen).doesNotHaveDuplicates().isSortedAccordingTo(Comparator.reverseOrder());
        assertThat(orders).containsAll(seen);
        assertThat(seen)
                .contains(orders.get(8), orders.get(7), orders.get(4), orders.get(3), orders.get(2))
                .doesNotContain(orders.get(9));
    }

    @Test
    void hasNoNextLinkOnTheLastPage() {
        var customer = customer();
        var product = product("1.00");
        place(customer, product);
        place(customer, product);

        get("/orders?limit=2&customerId=" + customer).body("", hasSize(2)).header("Link", nullValue());
        get("/orders?limit=1&customerId=" + customer).body("", hasSize(1)).header("Link", notNullValue());
        get("/orders?customerId=" + UUID.randomUUID())
                .statusCode(200)
                .body("", hasSize(0))
                .header("Link", nullValue());
    }

    @Test
    void answers304WhenTheClientHasThisVersion() {
        var address = "/orders/" + order();

        given().header("If-None-Match", "\"1\"")
                .get(address)
                .then()
                .statusCode(304)
                .header("ETag", "\"1\"")
                .body(equalTo(""));
        given().header("If-None-Match", "\"2\"").get(address).then().statusCode(200);
    }

    @Test
    void keepsThePricesOfItsProductsWhenItsItemsChangeAndTakesTodaysForOthers() {
        var kept = product("10.00");
        var dropped = product("20.00");
        var id = placed("""
                {"customerId": "%s", "items": [
                  {"productId": "%s", "quantity": 1}, {"productId": "%s", "quantity": 1}]}
                """.formatted(customer(), kept, dropped));
        var added = product("30.00");
        for (var product : List.of(kept, dropped, added)) {
            put("/products/" + product, newProduct("99.00")).then().statusCode(200);
        }
        var items = """
                {"items": [{"productId": "%s", "quantity": 2}, {"productId": "%s", "quantity": 3}]}
                """.formatted(added, kept);

        var changed = put("/orders/%s/items".formatted(id), items)
                .then()
                .statusCode(200)
                .header("ETag", "\"2\"")
                .body("items.productId", contains(added, kept))
                .body("items.unitPrice", contains("99.00", "10.00"))
                .body("items.lineTotal", contains("198.00", "30.00"))
                .body("total", equalTo("228.00"))
                .extract();

        get("/orders/" + id).body(equalTo(changed.asString()));
        put("/orders/%s/items".formatted(id), items).then().statusCode(200).body(equalTo(changed.asString()));
    }

    @Test
    void changesItsItemsOnlyWhilePending() {
        var product = product("1.00");
        var id = placed(orderOf(customer(), product, 1));
        var address = "/orders/%s/items".formatted(id);
        var line = "{\"items\": [{\"productId\": \"%s\", \"quantity\": 2}]}";
        put(address, line.formatted(UUID.randomUUID()))
                .then()
                .statusCode(400)
                .body("errors.field", contains("items[0].productId"));
        put(address, "{\"items\": []}").then().statusCode(400).body("errors.field", contains("items"));

        changeStatus(id, "PAID").then().statusCode(200);

        put(address, line.formatted(product))
                .then()
                .statusCode(409)
                .body("type", endsWith(":items-fixed"))
                .body("orderStatus", equalTo("PAID"));
        get("/orders/" + id).header("ETag", "\"2\"").body("items.quantity", contains(1));
    }

    @Test
    void cancelsWhatCanBeCancelledOfACustomersOrders() {
        var customer = customer();
        var product = product("1.00");
        var pending = place(customer, product);
        var paid = place(customer, product);
        var shipped = place(customer, product);
        changeStatus(paid, "PAID").then().statusCode(200);
        changeStatus(shipped, "PAID").then().statusCode(200);
        changeStatus(shipped, "SHIPPED").then().statusCode(200);
        var others = order();

        cancelAll(customer)
                .statusCode(200)
                .body("cancelled", contains(pending, paid))
                .body("more", equalTo(false));

        get("/orders/" + paid).header("ETag", "\"3\"").body("status", equalTo("CANCELLED"));
        get("/orders/" + shipped).header("ETag", "\"3\"").body("status", equalTo("SHIPPED"));
        get("/orders/" + others).header("ETag", "\"1\"");
        cancelAll(customer).statusCode(200).body("cancelled", hasSize(0));
        cancelAll(UUID.randomUUID().toString()).statusCode(400).body("errors.field", contains("customerId"));
    }

    @Test
    void cancelsAHundredOrdersAtATime() {
        var customer = customer();
        var product = product("1.00");
        var orders =
                IntStream.range(0, 101).mapToObj(_ -> place(customer, product)).toList();

        cancelAll(customer).body("cancelled", equalTo(orders.subList(0, 100))).body("more", equalTo(true));
        cancelAll(customer).body("cancelled", contains(orders.getLast())).body("more", equalTo(false));
    }

    @Test
    void forgetsADeletedOrder() {
        var id = order();

        given().delete("/orders/" + id).then().statusCode(204);

        get("/orders/" + id).statusCode(404);
        given().delete("/orders/" + id).then().statusCode(404);
        changeStatus(id, "PAID").then().statusCode(404);
    }

    @Test
    void namesBothStatusesOfARefusedTransition() {
        var id = order();
        changeStatus(id, "CANCELLED").then().statusCode(200).header("ETag", "\"2\"");

        changeStatus(id, "PAID")
                .then()
                .statusCode(409)
                .contentType("application/problem+json")
                .body("from", equalTo("CANCELLED"))
                .body("to", equalTo("PAID"));
    }

    @Test
    void showsCustomersAndProductsWhereTheirLocationSays() {
        var email = "grace-%s@example.com".formatted(UUID.randomUUID());
        var customer = post("/customers", """
                {"name": "Grace", "email": "%s"}
                """.formatted(email))
                .statusCode(201)
                .header("ETag", "\"1\"")
                .extract();
        var product = post("/products", """
                {"sku": "%s", "name": "Lamp", "price": 5}
                """.formatted(UUID.randomUUID()))
                .statusCode(201)
                .body("price", equalTo("5.00"))
                .extract();

        given().get(customer.header("Location")).then().statusCode(200).body(equalTo(customer.asString()));
        given().get(product.header("Location")).then().statusCode(200).body(equalTo(product.asString()));
        get("/customers?limit=1").body("[0].email", endsWith("@example.com"));
        get("/products?limit=1").body("", hasSize(1));
    }

    private static ValidatableResponse cancelAll(String customer) {
        return post("/orders/cancellations", "{\"customerId\": \"%s\"}".formatted(customer));
    }

    private static String place(String customer, String product) {
        return post("/orders", orderOf(customer, product, 1))
                .statusCode(201)
                .extract()
                .path("id");
    }

    /** Values that PostgreSQL can store but readers cannot parse; the constraints refuse them from any writer. */
    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "products    | price = 'NaN'",
                "products    | created_at = 'infinity'",
                "products    | updated_at = '4713-01-01 BC'",
                "customers   | created_at = '-infinity'",
                "customers   | updated_at = '10000-01-01 00:00:00Z'",
                "orders      | total = 'NaN'",
                "orders      | updated_at = 'infinity'",
                "order_items | unit_price = 'NaN', line_total = 'NaN'",
                "order_items | position = 100"
            })
    void refusesInItsTablesWhatBreaksItsReaders(String table, String change) {
        order();

        assertThatThrownBy(() -> Database.ofService().execute("update %s set %s".formatted(table, change)))
                .cause()
                .hasMessageContaining("violates check constraint");
    }

    @Test
    void showsTheLinesThereAreWhereOneWasDeletedBySql() {
        var kept = product("1.00");
        var order = placed("""
                {"customerId": "%s", "items": [
                  {"productId": "%s", "quantity": 1}, {"productId": "%s", "quantity": 1}]}
                """.formatted(customer(), product("2.00"), kept));
        Database.ofService().execute("delete from order_items where order_id = '%s' and position = 0".formatted(order));

        get("/orders/" + order).statusCode(200).body("items.productId", contains(kept));
        put("/orders/%s/items".formatted(order), """
                {"items": [{"productId": "%s", "quantity": 1}]}
                """.formatted(kept))
                .then()
                .statusCode(200)
                .header("ETag", "\"1\"");
        changeStatus(order, "PAID").then().statusCode(200).body("items.productId", contains(kept));
    }
}
