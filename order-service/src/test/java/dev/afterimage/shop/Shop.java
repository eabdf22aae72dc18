package dev.afterimage.shop;

import static io.restassured.RestAssured.given;

import io.restassured.http.ContentType;
import io.restassured.response.Response;
import io.restassured.response.ValidatableResponse;
import java.util.UUID;

/** A client of the service. */
public final class Shop {

    private Shop() {}

    public static ValidatableResponse post(String path, String body) {
        return given().contentType(ContentType.JSON).body(body).post(path).then();
    }

    public static Response post(String path, String body, String idempotencyKey) {
        return given().contentType(ContentType.JSON)
                .header("Idempotency-Key", idempotencyKey)
                .body(body)
                .post(path);
    }

    public static Response put(String path, String body, String ifMatch) {
        return given().contentType(ContentType.JSON)
                .header("If-Match", ifMatch)
                .body(body)
                .put(path);
    }

    public static Response put(String path, String body) {
        return given().contentType(ContentType.JSON).body(body).put(path);
    }

    public static ValidatableResponse get(String path) {
        return given().get(path).then();
    }

    public static String customer() {
        return post("/customers", newCustomer()).statusCode(201).extract().path("id");
    }

    /** The body of a new customer with a unique email. */
    public static String newCustomer() {
        return """
                {"name": "Ada Lovelace", "email": "ada-%s@example.com"}
                """.formatted(UUID.randomUUID());
    }

    public static String product(String price) {
        return post("/products", newProduct(price)).statusCode(201).extract().path("id");
    }

    /** The body of a new product with a unique sku. */
    public static String newProduct(String price) {
        return """
                {"sku": "%s", "name": "Lamp", "price": "%s"}
                """.formatted(UUID.randomUUID(), price);
    }

    /** Places an order of two pieces at 29.90. */
    public static String order() {
        return placed(orderOf(customer(), product("29.90"), 2));
    }

    public static String placed(String order) {
        return post("/orders", order).statusCode(201).extract().path("id");
    }

    public static String orderOf(String customerId, String productId, int quantity) {
        return """
                {"customerId": "%s", "items": [{"productId": "%s", "quantity": %d}]}
                """.formatted(customerId, productId, quantity);
    }

    public static Response changeStatus(String orderId, String status) {
        return put("/orders/%s/status".formatted(orderId), """
                {"status": "%s"}
                """.formatted(status));
    }
}
