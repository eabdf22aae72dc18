package dev.afterimage.shop.customer;

import static dev.afterimage.shop.Shop.customer;
import static dev.afterimage.shop.Shop.get;
import static dev.afterimage.shop.Shop.newCustomer;
import static dev.afterimage.shop.Shop.orderOf;
import static dev.afterimage.shop.Shop.placed;
import static dev.afterimage.shop.Shop.post;
import static dev.afterimage.shop.Shop.product;
import static dev.afterimage.shop.Shop.put;
import static io.restassured.RestAssured.given;
import static java.util.concurrent.CompletableFuture.supplyAsync;
import static org.hamcrest.Matchers.contains;
import static org.hamcrest.Matchers.empty;
import static org.hamcrest.Matchers.endsWith;
import static org.hamcrest.Matchers.equalTo;

import dev.afterimage.shop.Gate;
import io.quarkus.test.junit.QuarkusTest;
import java.util.Locale;
import java.util.UUID;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.Test;

@QuarkusTest
class CustomerResourceTest {

    @Test
    void changesACustomerAndCountsTheVersionUp() {
        var address = "/customers/" + customer();
        var details = newCustomer();

        var changed = put(address, details)
                .then()
                .statusCode(200)
                .header("ETag", "\"2\"")
                .extract();

        get(address).body(equalTo(changed.asString()));
        put(address, details).then().statusCode(200).header("ETag", "\"2\"").body(equalTo(changed.asString()));
        put("/customers/" + UUID.randomUUID(), details).then().statusCode(404);
    }

    @Test
    void keepsAnEmailUniqueWhenItChanges() {
        var id = customer();
        var taken = get("/customers/" + customer()).extract().<String>path("email");

        put("/customers/" + id, "{\"name\": \"Eve\", \"email\": \"%s\"}".formatted(taken.toUpperCase(Locale.ROOT)))
                .then()
                .statusCode(409)
                .body("errors.field", contains("email"));
        get("/customers/" + id).header("ETag", "\"1\"");
    }

    @Test
    void findsACustomerByEmailInWhateverCase() {
        var id = customer();
        var email = get("/customers/" + id).extract().<String>path("email");

        given().queryParam("email", email.toUpperCase(Locale.ROOT))
                .get("/customers")
                .then()
                .body("id", contains(id));
        given().queryParam("email", "not-" + email)
                .get("/customers")
                .then()
                .statusCode(200)
                .body("", empty());
    }

    @Test
    void answers304WhenTheClientHasThisVersion() {
        var address = "/customers/" + customer();

        given().header("If-None-Match", "\"1\"")
                .get(address)
                .then()
                .statusCode(304)
                .header("ETag", "\"1\"")
                .body(equalTo(""));
        given().header("If-None-Match", "\"2\"").get(address).then().statusCode(200);
    }

    @Test
    void deletesACustomerOnceItHasNoOrders() {
        var id = customer();
        var order = placed(orderOf(id, product("1.00"), 1));

        given().delete("/customers/" + id).then().statusCode(409).body("type", endsWith(":in-use"));
        given().delete("/orders/" + order).then().statusCode(204);
        given().delete("/customers/" + id).then().statusCode(204);
        get("/customers/" + id).statusCode(404);
        given().delete("/customers/" + id).then().statusCode(404);
    }

    @Test
    void staysWhenAnOrderComesFirst() throws Exception {
        var id = customer();
        var order = orderOf(id, product("1.00"), 1);
        try (var clients = Executors.newVirtualThreadPerTaskExecutor();
                var gate = Gate.behindDeletesFrom("outbox")) {
            var placing = supplyAsync(() -> post("/orders", order), clients);
            gate.awaitWaiting(1);
            var deleting = supplyAsync(() -> given().delete("/customers/" + id), clients);
            gate.awaitWaiting(2);
            gate.open();

            placing.join().statusCode(201);
            deleting.join().then().statusCode(409).body("type", endsWith(":in-use"));
        }
    }

    @Test
    void refusesAnOrderAfterItsDeletion() throws Exception {
        var id = customer();
        var order = orderOf(id, product("1.00"), 1);
        try (var clients = Executors.newVirtualThreadPerTaskExecutor();
                var gate = Gate.behindDeletesFrom("customers")) {
            var deleting = supplyAsync(() -> given().delete("/customers/" + id), clients);
            gate.awaitWaiting(1);
            var placing = supplyAsync(() -> post("/orders", order), clients);
            gate.awaitWaiting(2);
            gate.open();

            deleting.join().then().statusCode(204);
            placing.join().statusCode(400).body("errors.field", contains("customerId"));
        }
    }
}
