package dev.afterimage.shop;

import static dev.afterimage.shop.Shop.changeStatus;
import static dev.afterimage.shop.Shop.customer;
import static dev.afterimage.shop.Shop.get;
import static dev.afterimage.shop.Shop.orderOf;
import static dev.afterimage.shop.Shop.post;
import static dev.afterimage.shop.Shop.product;
import static io.restassured.RestAssured.given;
import static org.hamcrest.Matchers.contains;
import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.equalTo;

import io.quarkus.test.common.WithTestResource;
import io.quarkus.test.junit.QuarkusIntegrationTest;
import org.junit.jupiter.api.Test;

/** The packaged service, as a jar or as a native executable, does the whole life of an order. */
@QuarkusIntegrationTest
@WithTestResource(PostgresResource.class)
class OrderJourneyIT {

    @Test
    void takesAnOrderFromItsPlacingToItsEnd() {
        var id = post("/orders", orderOf(customer(), product("29.90"), 2))
                .statusCode(201)
                .extract()
                .<String>path("id");

        changeStatus(id, "PAID").then().statusCode(200).header("ETag", "\"2\"");
        changeStatus(id, "DELIVERED").then().statusCode(409).body("from", equalTo("PAID"));
        get("/orders/" + id).statusCode(200).body("status", equalTo("PAID")).body("total", equalTo("59.80"));
        get("/orders?status=PAID&limit=1").body("id", contains(id));
        given().delete("/orders/" + id).then().statusCode(204);
        get("/orders/" + id).statusCode(404).contentType("application/problem+json");
    }

    @Test
    void refusesWithTheFieldNamed() {
        post("/orders", orderOf(customer(), product("1.00"), 0))
                .statusCode(400)
                .body("errors.field", contains("items[0].quantity"));
        post("/orders", "{\"customer\": 1}").statusCode(400).body("errors.field", contains("customer"));
    }

    @Test
    void tellsAboutItself() {
        get("/q/health/live").statusCode(200);
        get("/q/health/ready").statusCode(503).body(containsString("replication slot"));
        get("/orders").statusCode(200);
        get("/q/metrics").statusCode(200).body(containsString("http_server_requests_seconds"));
        get("/q/openapi").statusCode(200).body(containsString("/orders/{id}/status"));
        get("/q/swagger-ui/").statusCode(200);
    }
}
