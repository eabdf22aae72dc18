package dev.afterimage.shop.product;

import static dev.afterimage.shop.Shop.customer;
import static dev.afterimage.shop.Shop.get;
import static dev.afterimage.shop.Shop.newProduct;
import static dev.afterimage.shop.Shop.orderOf;
import static dev.afterimage.shop.Shop.placed;
import static dev.afterimage.shop.Shop.post;
import static dev.afterimage.shop.Shop.product;
import static dev.afterimage.shop.Shop.put;
import static io.restassured.RestAssured.given;
import static java.util.concurrent.CompletableFuture.supplyAsync;
import static org.assertj.core.api.Assertions.assertThat;
import static org.hamcrest.Matchers.contains;
import static org.hamcrest.Matchers.endsWith;
import static org.hamcrest.Matchers.equalTo;

import dev.afterimage.shop.Gate;
import io.quarkus.test.junit.QuarkusTest;
import io.restassured.response.Response;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.Test;

@QuarkusTest
class ProductResourceTest {

    @Test
    void changesAProductAndCountsTheVersionUp() {
        var address = "/products/" + product("29.90");
        var details = newProduct("24.5");

        var changed = put(address, details)
                .then()
                .statusCode(200)
                .header("ETag", "\"2\"")
                .body("price", equalTo("24.50"))
                .extract();

        get(address).body(equalTo(changed.asString()));
        put(address, details.replace("24.5", "24.50")).then().statusCode(200).header("ETag", "\"2\"");
        put("/products/" + UUID.randomUUID(), details).then().statusCode(404);
    }

    @Test
    void keepsASkuUniqueWhenItChanges() {
        var id = product("1.00");
        var taken = get("/products/" + product("1.00")).extract().<String>path("sku");

        put("/products/" + id, "{\"sku\": \"%s\", \"name\": \"Lamp\", \"price\": 1}".formatted(taken))
                .then()
                .statusCode(409)
                .body("errors.field", contains("sku"));
    }

    @Test
    void findsAProductBySku() {
        var id = product("1.00");
        var sku = get("/products/" + id).extract().<String>path("sku");

        get("/products?sku=" + sku).body("id", contains(id));
    }

    @Test
    void leavesThePriceOfOrdersAsItWas() {
        var product = product("29.90");
        var order = placed(orderOf(customer(), product, 2));

        put("/products/" + product, newProduct("99.00")).then().statusCode(200);

        get("/orders/" + order).header("ETag", "\"1\"").body("total", equalTo("59.80"));
    }

    @Test
    void deletesAProductOnceNoOrderHasIt() {
        var id = product("1.00");
        var order = placed(orderOf(customer(), id, 1));

        given().delete("/products/" + id).then().statusCode(409).body("type", endsWith(":in-use"));
        given().delete("/orders/" + order).then().statusCode(204);
        given().delete("/products/" + id).then().statusCode(204);
        get("/products/" + id).statusCode(404);
    }

    @Test
    void staysWhenAnOrderComesFirst() throws Exception {
        var id = product("1.00");
        var order = orderOf(customer(), id, 1);
        try (var clients = Executors.newVirtualThreadPerTaskExecutor();
                var gate = Gate.behindDeletesFrom("outbox")) {
            var placing = supplyAsync(() -> post("/orders", order), clients);
            gate.awaitWaiting(1);
            var deleting = supplyAsync(() -> given().delete("/products/" + id), clients);
            gate.awaitWaiting(2);
            gate.open();

            placing.join().statusCode(201);
            deleting.join().then().statusCode(409).body("type", endsWith(":in-use"));
        }
    }

    @Test
    void refusesAnOrderAfterItsDeletion() throws Exception {
        var id = product("1.00");
        var order = orderOf(customer(), id, 1);
        try (var clients = Executors.newVirtualThreadPerTaskExecutor();
                var gate = Gate.behindDeletesFrom("products")) {
            var deleting = supplyAsync(() -> given().delete("/products/" + id), clients);
            gate.awaitWaiting(1);
            var placing = supplyAsync(() -> post("/orders", order), clients);
            gate.awaitWaiting(2);
            gate.open();

            deleting.join().then().statusCode(204);
            placing.join().statusCode(400).body("errors.field", contains("items"));
        }
    }

    /**
     * A deadlock: the order's transaction has deleted a line that the product's delete has to read, and needs the
     * product that is being deleted.
     */
    @Test
    void asksToTryAgainWhenTwoRequestsWaitForEachOther() throws Exception {
        var kept = product("1.00");
        var other = product("2.00");
        var order = placed("""
                {"customerId": "%s", "items": [
                  {"productId": "%s", "quantity": 1}, {"productId": "%s", "quantity": 1}]}
                """.formatted(customer(), other, kept));
        try (var clients = Executors.newVirtualThreadPerTaskExecutor();
                var gate = Gate.behindDeletesFrom("order_items")) {
            var changing = supplyAsync(() -> put("/orders/%s/items".formatted(order), """
                    {"items": [{"productId": "%s", "quantity": 1}]}
                    """.formatted(kept)), clients);
            gate.awaitWaiting(1);
            var deleting = supplyAsync(() -> given().delete("/products/" + kept), clients);
            gate.awaitWaiting(2);
            gate.open();

            var answers = List.of(changing.join(), deleting.join());
            assertThat(answers)
                    .extracting(Response::statusCode)
                    .containsOnlyOnce(503)
                    .doesNotContain(500);
            answers.stream().filter(answer -> answer.statusCode() == 503).forEach(answer -> answer.then()
                    .body("type", endsWith(":collision"))
                    .header("Retry-After", "1"));
        }
    }
}
