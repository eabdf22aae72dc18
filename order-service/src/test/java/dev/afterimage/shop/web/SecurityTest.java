package dev.afterimage.shop.web;

import static dev.afterimage.shop.Shop.orderOf;
import static io.restassured.RestAssured.given;
import static org.assertj.core.api.Assertions.assertThat;
import static org.hamcrest.Matchers.equalTo;

import dev.afterimage.testing.SecurityRules;
import dev.afterimage.testing.TokenIssuer;
import io.quarkus.test.common.WithTestResource;
import io.quarkus.test.junit.QuarkusTest;
import io.restassured.http.ContentType;
import io.restassured.response.Response;
import io.restassured.specification.RequestSpecification;
import java.util.List;
import java.util.UUID;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

@QuarkusTest
@WithTestResource(TokenIssuer.class)
class SecurityTest extends SecurityRules {

    @Test
    void opensEveryOperationToAnAdmin() {
        for (var operation : operations()) {
            assertThat(call(as(ANYBODY, ADMIN), operation).statusCode())
                    .as("%s", operation)
                    .isNotIn(401, 403, 500);
        }
    }

    @ParameterizedTest
    @CsvSource({
        "orders:read,  GET,  200", "orders:read,  POST, 403",
        "orders:write, GET,  403", "orders:write, POST, 201",
        "orders:admin, GET,  200", "orders:admin, POST, 201"
    })
    void readsAndWritesByRole(String role, String method, int status) {
        as(ANYBODY, role)
                .contentType(ContentType.JSON)
                .body("GET".equals(method) ? "" : someone())
                .request(method, "/customers")
                .then()
                .statusCode(status);
    }

    @Test
    void letsCustomersDeleteTheirOwnDataOnly() {
        var ada = customer();
        var grace = customer();
        var order = order(ada);

        refused(as(grace, WRITE).delete("/orders/" + order), 403, NOT_THE_OWNER);
        refused(as(grace, WRITE).delete("/customers/" + ada), 403, NOT_THE_OWNER);
        as(ANYBODY, READ).get("/orders/" + order).then().statusCode(200).header("ETag", "\"1\"");

        as(ada, WRITE).delete("/orders/" + order).then().statusCode(204);
        as(ada, WRITE).delete("/customers/" + ada).then().statusCode(204);
    }

    @Test
    void letsAWriterChangeTheStatusOfAnyOrder() {
        var order = order(customer());

        pay(as(ANYBODY, WRITE), order).then().statusCode(200);
    }

    @Test
    void letsAnAdminDeleteTheDataOfAll() {
        var ada = customer();
        var order = order(ada);

        as(ANYBODY, ADMIN).delete("/orders/" + order).then().statusCode(204);
        as(ANYBODY, ADMIN).delete("/customers/" + ada).then().statusCode(204);
    }

    @Test
    void keepsTheIdempotencyKeysOfCallersApart() {
        var ids = Stream.of("ada", "grace", "ada")
                .map(name -> as(name, WRITE)
                        .contentType(ContentType.JSON)
                        .header("Idempotency-Key", "mine")
                        .body("{\"name\": \"%s\", \"email\": \"%s@example.com\"}".formatted(name, name))
                        .post("/customers")
                        .then()
                        .statusCode(201)
                        .extract()
                        .<String>path("id"))
                .toList();

        assertThat(ids.get(1)).isNotEqualTo(ids.get(0));
        assertThat(ids.get(2)).isEqualTo(ids.get(0));
    }

    @Test
    void saysInOpenApiWhichRoleAnOperationNeeds() {
        given().accept(ContentType.JSON)
                .get("/q/openapi")
                .then()
                .body("paths.'/orders/{id}'.get.security[0].values()[0]", equalTo(List.of(READ)))
                .body("paths.'/orders'.post.security[0].values()[0]", equalTo(List.of(WRITE)));
    }

    private static final String NOT_THE_OWNER =
            "The data belongs to another customer. Only the role orders:admin may delete the data.";

    private String customer() {
        return as(ANYBODY, WRITE)
                .contentType(ContentType.JSON)
                .body(someone())
                .post("/customers")
                .then()
                .statusCode(201)
                .extract()
                .path("id");
    }

    private static String someone() {
        return """
                {"name": "Ada Lovelace", "email": "ada-%s@example.com"}
                """.formatted(UUID.randomUUID());
    }

    private String order(String customer) {
        return place(as(customer, WRITE), customer)
                .then()
                .statusCode(201)
                .extract()
                .path("id");
    }

    private Response place(RequestSpecification caller, String customer) {
        String product = as(ANYBODY, WRITE)
                .contentType(ContentType.JSON)
                .body("{\"sku\": \"%s\", \"name\": \"Lamp\", \"price\": \"29.90\"}".formatted(UUID.randomUUID()))
                .post("/products")
                .then()
                .statusCode(201)
                .extract()
                .path("id");
        return caller.contentType(ContentType.JSON)
                .body(orderOf(customer, product, 2))
                .post("/orders");
    }

    private static Response pay(RequestSpecification caller, String order) {
        return caller.contentType(ContentType.JSON)
                .body("{\"status\": \"PAID\"}")
                .put("/orders/%s/status".formatted(order));
    }
}
