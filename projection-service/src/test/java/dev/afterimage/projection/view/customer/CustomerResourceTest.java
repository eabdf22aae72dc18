package dev.afterimage.projection.view.customer;

import static io.restassured.RestAssured.given;
import static org.hamcrest.Matchers.contains;
import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.equalTo;
import static org.hamcrest.Matchers.nullValue;

import dev.afterimage.projection.NamedEvents;
import dev.afterimage.projection.OrderTopic;
import io.quarkus.test.junit.QuarkusTest;
import jakarta.inject.Inject;
import java.util.List;
import java.util.Locale;
import java.util.UUID;
import org.eclipse.microprofile.config.inject.ConfigProperty;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

@QuarkusTest
class CustomerResourceTest {

    @Inject
    @ConfigProperty(name = "kafka.bootstrap.servers")
    String bootstrapServers;

    private final String email = "Ada-" + UUID.randomUUID() + "@example.org";
    private final NamedEvents ada = NamedEvents.customer(email);
    private OrderTopic topic;

    @BeforeEach
    void openTopic() {
        topic = new OrderTopic(bootstrapServers);
    }

    @AfterEach
    void closeTopic() {
        topic.close();
    }

    @Test
    void showsACustomerUntilItIsDeleted() {
        put(ada, ada.created("Ada"));
        put(ada, ada.renamed(2, "Ada", "Ada Lovelace"));
        given().get("/customers/{id}?minVersion=2&wait=20s", ada.id)
                .then()
                .statusCode(200)
                .header("ETag", "\"2\"")
                .body("id", equalTo(ada.id.toString()))
                .body("name", equalTo("Ada Lovelace"))
                .body("email", equalTo(email))
                .body("createdAt", equalTo("2026-11-21T09:00:00.123456Z"))
                .body("cdc.operation", equalTo("u"));
        given().header("If-None-Match", "\"2\"")
                .get("/customers/{id}", ada.id)
                .then()
                .statusCode(304);

        put(ada, ada.deleted(3, "Ada Lovelace"));
        given().get("/customers/{id}?minVersion=3&wait=20s", ada.id)
                .then()
                .statusCode(404)
                .body("detail", containsString("customer"));
        given().get("/customers?email={email}", email).then().body("$", equalTo(List.of()));
    }

    @Test
    void findsACustomerByItsEmailInWhateverCase() {
        put(ada, ada.created("Ada"));
        given().get("/customers/{id}?minVersion=1&wait=20s", ada.id).then().statusCode(200);
        given().get("/customers?email={email}", email.toUpperCase(Locale.ROOT))
                .then()
                .statusCode(200)
                .body("id", contains(ada.id.toString()));
    }

    @Test
    void pagesThroughCustomersOfTheSameEmail() {
        NamedEvents second = NamedEvents.customer(email);
        put(ada, ada.created("Ada"));
        put(second, second.created("Ada's shadow"));
        given().get("/customers/{id}?minVersion=1&wait=20s", ada.id).then().statusCode(200);
        given().get("/customers/{id}?minVersion=1&wait=20s", second.id).then().statusCode(200);

        var page = given().get("/customers?limit=1&email={email}", email);
        String next = page.header("Link").replaceFirst("<(.*)>; rel=\"next\"", "$1");
        String first = page.jsonPath().getString("[0].id");
        given().urlEncodingEnabled(false)
                .get(next)
                .then()
                .statusCode(200)
                .header("Link", nullValue())
                .body("id", contains(first.equals(ada.id.toString()) ? second.id.toString() : ada.id.toString()));
    }

    @Test
    void namesEveryParameterThatCannotBeRead() {
        given().urlEncodingEnabled(false)
                .get("/customers?email=%00&limit=0&after=x")
                .then()
                .statusCode(400)
                .body("errors.field", contains("email", "limit", "after"));
    }

    private void put(NamedEvents customer, String event) {
        topic.putOn("customer.events", customer.id, event);
    }
}
