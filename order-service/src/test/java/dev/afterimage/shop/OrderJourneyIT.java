package dev.afterimage.shop;

import static dev.afterimage.shop.Shop.changeStatus;
import static dev.afterimage.shop.Shop.customer;
import static dev.afterimage.shop.Shop.get;
import static dev.afterimage.shop.Shop.orderOf;
import static dev.afterimage.shop.Shop.post;
import static dev.afterimage.shop.Shop.product;
import static dev.afterimage.testing.TokenIssuer.claims;
import static io.restassured.RestAssured.given;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.hamcrest.Matchers.contains;
import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.equalTo;

import dev.afterimage.devservices.testing.InjectPublished;
import dev.afterimage.devservices.testing.PublishedEvents;
import dev.afterimage.testing.SecurityRules;
import dev.afterimage.testing.TokenIssuer;
import io.quarkus.test.common.WithTestResource;
import io.quarkus.test.junit.QuarkusIntegrationTest;
import io.restassured.RestAssured;
import java.security.KeyPair;
import java.time.Duration;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The packaged service, as a jar or as a native executable: the whole life of an order, for callers with a token. */
@QuarkusIntegrationTest
@WithTestResource(TokenIssuer.class)
class OrderJourneyIT {

    /** Injected by {@link TokenIssuer}. */
    @SuppressWarnings("NullAway.Init")
    KeyPair issuer;

    @InjectPublished
    @SuppressWarnings("NullAway.Init")
    PublishedEvents published;

    @BeforeEach
    void showToken() {
        RestAssured.authentication =
                RestAssured.oauth2(claims("somebody", "orders:admin").sign(issuer.getPrivate()));
    }

    @AfterEach
    void showNoToken() {
        RestAssured.authentication = RestAssured.DEFAULT_AUTH;
    }

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
        published.inOrder(id, "OrderPlaced", "OrderStatusChanged", "OrderDeleted", "OrderDeleted");
    }

    @Test
    void refusesWithTheFieldNamed() {
        post("/orders", orderOf(customer(), product("1.00"), 0))
                .statusCode(400)
                .body("errors.field", contains("items[0].quantity"));
        post("/orders", "{\"customer\": 1}").statusCode(400).body("errors.field", contains("customer"));
    }

    /** Each operation needs classes for its body and its parameters that the native executable must contain. */
    @Test
    void answersEveryOperation() {
        for (var operation : SecurityRules.operations()) {
            assertThat(SecurityRules.call(given(), operation).statusCode())
                    .as("%s", operation)
                    .isNotIn(401, 403, 500);
        }
    }

    @Test
    void refusesCallersWithoutATokenThatAllowsIt() {
        var reader = claims("somebody", "orders:read").sign(issuer.getPrivate());
        var forged = claims("somebody", "orders:admin").sign(TokenIssuer.keys().getPrivate());

        given().auth()
                .none()
                .get("/orders")
                .then()
                .statusCode(401)
                .body("detail", equalTo("The request has no token."));
        given().auth()
                .oauth2(forged)
                .get("/orders")
                .then()
                .statusCode(401)
                .body("detail", equalTo("The token is not valid."));
        given().auth().oauth2(reader).get("/orders").then().statusCode(200);
        given().auth().oauth2(reader).post("/orders").then().statusCode(403).contentType("application/problem+json");
    }

    @Test
    void tellsAboutItself() {
        get("/q/health/live").statusCode(200);
        await().atMost(Duration.ofSeconds(60))
                .untilAsserted(() -> get("/q/health/ready").statusCode(200).body(containsString("replication slot")));
        get("/orders").statusCode(200);
        get("/q/metrics").statusCode(200).body(containsString("http_server_requests_seconds"));
        get("/q/openapi").statusCode(200).body(containsString("/orders/{id}/status"));
        get("/q/swagger-ui/").statusCode(200);
    }
}
