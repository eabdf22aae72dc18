package dev.afterimage.shop.web;

import static dev.afterimage.shop.Shop.customer;
import static dev.afterimage.shop.Shop.order;
import static dev.afterimage.shop.Shop.post;
import static dev.afterimage.shop.Shop.product;
import static io.restassured.RestAssured.given;
import static org.assertj.core.api.Assertions.assertThat;
import static org.hamcrest.Matchers.contains;
import static org.hamcrest.Matchers.equalTo;

import dev.afterimage.shop.Shop;
import io.quarkus.test.junit.QuarkusTest;
import io.restassured.http.ContentType;
import io.restassured.response.ValidatableResponse;
import java.util.Collections;
import java.util.Locale;
import java.util.UUID;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

@QuarkusTest
class ProblemsTest {

    private String customer = "";
    private String product = "";

    @BeforeEach
    void stock() {
        customer = customer();
        product = product("1.00");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "{\"customerId\": \"$c\", \"items\": [{\"productId\": \"$p\", \"quantity\": 0}]}      | items[0].quantity",
                "{\"customerId\": \"$c\", \"items\": [{\"productId\": \"$p\", \"quantity\": -1}]}     | items[0].quantity",
                "{\"customerId\": \"$c\", \"items\": [{\"productId\": \"$p\", \"quantity\": 10001}]}  | items[0].quantity",
                "{\"customerId\": \"$c\", \"items\": [{\"productId\": \"$p\", \"quantity\": 2.7}]}    | items[0].quantity",
                "{\"customerId\": \"$c\", \"items\": [{\"productId\": \"$p\", \"quantity\": \"2\"}]}  | items[0].quantity",
                "{\"customerId\": \"$c\", \"items\": [{\"productId\": \"$p\", \"quantity\": 1e99}]}   | items[0].quantity",
                "{\"customerId\": \"$c\", \"items\": [{\"productId\": \"$p\", \"quantity\": 99999999999}]} | items[0].quantity",
                "{\"customerId\": \"$c\", \"items\": [{\"productId\": \"$p\"}]}                       | items[0].quantity",
                "{\"customerId\": \"$c\", \"items\": [{\"quantity\": 1}]}                             | items[0].productId",
                "{\"customerId\": \"$c\", \"items\": [{\"productId\": \"x\", \"quantity\": 1}]}       | items[0].productId",
                "{\"customerId\": \"$c\", \"items\": [null]}                                          | items[0]",
                "{\"customerId\": \"$c\", \"items\": []}                                              | items",
                "{\"customerId\": \"$c\", \"items\": {}}                                              | items",
                "{\"customerId\": \"$c\"}                                                             | items",
                "{\"items\": [{\"productId\": \"$p\", \"quantity\": 1}]}                              | customerId",
                "{\"customerId\": \" $c\", \"items\": [{\"productId\": \"$p\", \"quantity\": 1}]}    | customerId",
                "{\"customerId\": \"1-1-1-1-1\", \"items\": [{\"productId\": \"$p\", \"quantity\": 1}]} | customerId",
                "{\"customerId\": \"AZnypHwQez6dVR8MaiuOAQ==\", \"items\": [{\"productId\": \"$p\", \"quantity\": 1}]} | customerId",
                "{\"customerId\": 7, \"items\": [{\"productId\": \"$p\", \"quantity\": 1}]}           | customerId",
                "{\"customerId\": \"$x\", \"items\": [{\"productId\": \"$p\", \"quantity\": 1}]}      | customerId",
                "{\"customerId\": \"$c\", \"items\": [{\"productId\": \"$x\", \"quantity\": 1}]}      | items[0].productId",
                "{\"customerId\": \"$c\", \"currency\": \"euro\", \"items\": [{\"productId\": \"$p\", \"quantity\": 1}]} | currency",
                "{\"customerId\": \"$c\", \"discount\": 1, \"items\": [{\"productId\": \"$p\", \"quantity\": 1}]} | discount",
                "{\"customerId\": \"$c\", \"items\": [{\"productId\": \"$p\", \"quantity\": 1, \"gift\": true}]} | items[0].gift",
                "{\"customerId\": \"$c\", \"items\": [{\"productId\": \"$p\", \"quantity\": oops}]}   | items[0].quantity",
                "{\"customerId\": \"$c\", \"items\": [{\"productId\": \"$p\", \"quantity\": 1         | items[0].quantity",
                "{\"customerId\": \"$c\", \"customerId\": \"$c\"}                                     | customerId",
                "null                                                                                 | body",
                "[]                                                                                   | body",
                "7                                                                                    | body"
            })
    void namesTheFieldOfAnOrderThatIsWrong(String body, String field) {
        refused(
                        post(
                                "/orders",
                                body.replace("$c", customer)
                                        .replace("$p", product)
                                        .replace("$x", UUID.randomUUID().toString())),
                        400)
                .body("errors.field", contains(field));
    }

    @Test
    void namesEveryFieldAtFaultAtOnce() {
        refused(post("/orders", """
                                {"customerId": null, "currency": "eur",
                                 "items": [{"productId": "%s", "quantity": 0}, {"quantity": 1}]}
                                """.formatted(product)), 400)
                .body("errors.field", contains("currency", "customerId", "items[0].quantity", "items[1].productId"));
    }

    @Test
    void saysHowLargeABodyMayBe() {
        refused(post("/orders", "{\"note\": \"%s\"}".formatted("x".repeat(256 * 1024))), 413)
                .body("detail", equalTo("The body may have at most 262144 bytes."));
    }

    @Test
    void refusesMoreThanAHundredLines() {
        var item = "{\"productId\": \"%s\", \"quantity\": 1}".formatted(product);
        var items = String.join(",", Collections.nCopies(101, item));

        refused(post("/orders", "{\"customerId\": \"%s\", \"items\": [%s]}".formatted(customer, items)), 400)
                .body("errors.field", contains("items"));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "/customers | {\"name\": \"a\\u0000b\", \"email\": \"a@example.com\"}      | name",
                "/customers | {\"name\": \"a\\ud800b\", \"email\": \"a@example.com\"}      | name",
                "/customers | {\"name\": \" \", \"email\": \"a@example.com\"}              | name",
                "/customers | {\"name\": \"\", \"email\": \"a@example.com\"}               | name",
                "/customers | {\"name\": \"\\u00a0\", \"email\": \"a@example.com\"}        | name",
                "/customers | {\"name\": \"\\u200b\", \"email\": \"a@example.com\"}        | name",
                "/customers | {\"name\": \"\\ufeff \\u2060\", \"email\": \"a@example.com\"} | name",
                "/customers | {\"name\": \"\\u3164\", \"email\": \"a@example.com\"}        | name",
                "/customers | {\"name\": \"\\u0301\", \"email\": \"a@example.com\"}        | name",
                "/customers | {\"name\": \"a\\u2028b\", \"email\": \"a@example.com\"}      | name",
                "/customers | {\"name\": \"a\\u2029b\", \"email\": \"a@example.com\"}      | name",
                "/customers | {\"name\": \"a\\u0085b\", \"email\": \"a@example.com\"}      | name",
                "/products  | {\"sku\": \"\\u00a0\", \"name\": \"n\", \"price\": 1}          | sku",
                "/customers | {\"name\": 7, \"email\": \"a@example.com\"}                  | name",
                "/customers | {\"name\": \"Ada\", \"email\": \"nobody\"}                   | email",
                "/products  | {\"sku\": \"s\", \"name\": \"n\", \"price\": -0.01}          | price",
                "/products  | {\"sku\": \"s\", \"name\": \"n\", \"price\": \"1.005\"}      | price",
                "/products  | {\"sku\": \"s\", \"name\": \"n\", \"price\": 1e99}           | price",
                "/products  | {\"sku\": \"s\", \"name\": \"n\", \"price\": 1e999999999}    | price",
                "/products  | {\"sku\": \"s\", \"name\": \"n\", \"price\": 1e2147483646}   | price",
                "/products  | {\"sku\": \"s\", \"name\": \"n\", \"price\": 1e2147483647}   | price",
                "/products  | {\"sku\": \"s\", \"name\": \"n\", \"price\": 1e2147483648}   | price",
                "/products  | {\"sku\": \"s\", \"name\": \"n\", \"price\": 1e-2147483647}  | price",
                "/products  | {\"sku\": \"s\", \"name\": \"n\", \"price\": 0e2147483647}   | price",
                "/products  | {\"sku\": \"s\", \"name\": \"n\", \"price\": 1e99999999999}  | price",
                "/products  | {\"sku\": \"s\", \"name\": \"n\", \"price\": \"1e2147483647\"} | price",
                "/products  | {\"sku\": \"s\", \"name\": \"n\", \"price\": \"1e3\"}        | price",
                "/products  | {\"sku\": \"s\", \"name\": \"n\", \"price\": \" 1.00\"}      | price",
                "/products  | {\"sku\": \"s\", \"name\": \"n\", \"price\": \"1.00 \"}      | price",
                "/products  | {\"sku\": \"s\", \"name\": \"n\", \"price\": \"+1.00\"}      | price",
                "/products  | {\"sku\": \"s\", \"name\": \"n\", \"price\": \"1.\"}         | price",
                "/products  | {\"sku\": \"s\", \"name\": \"n\", \"price\": \".5\"}         | price",
                "/products  | {\"sku\": \"s\", \"name\": \"n\", \"price\": \"\u0661\"}      | price",
                "/products  | {\"sku\": \"s\", \"name\": \"n\", \"price\": \"\"}           | price",
                "/products  | {\"sku\": \"s\", \"name\": \"n\", \"price\": \"NaN\"}        | price",
                "/products  | {\"sku\": \"s\", \"name\": \"n\", \"price\": true}         | price",
                "/products  | {\"sku\": \"s\", \"name\": \"n\", \"price\": [1]}          | price",
                "/products  | {\"sku\": \"s\", \"name\": \"n\", \"price\": \"cheap\"}      | price",
                "/products  | {\"sku\": \"s\", \"name\": \"n\", \"price\": NaN}            | price",
                "/products  | {\"sku\": \"s\", \"name\": \"n\"}                            | price"
            })
    void namesTheFieldOfACustomerOrProductThatIsWrong(String path, String body, String field) {
        refused(post(path, body), 400).body("errors.field", contains(field));
    }

    @ParameterizedTest
    @ValueSource(strings = {"José Ångström", "李", "❤", "٣", "-", "A\u00a0B", "👩‍👩‍👧"})
    void takesAnyNameWithSomethingToSee(String name) {
        post("/customers", "{\"name\": \"%s\", \"email\": \"%s@example.com\"}".formatted(name, UUID.randomUUID()))
                .statusCode(201)
                .body("name", equalTo(name));
    }

    @Test
    void keepsEmailsAndSkusUnique() {
        var email = UUID.randomUUID() + "@example.com";
        var sku = UUID.randomUUID().toString();
        post("/customers", "{\"name\": \"a\", \"email\": \"%s\"}".formatted(email))
                .statusCode(201);
        post("/products", "{\"sku\": \"%s\", \"name\": \"n\", \"price\": 1}".formatted(sku))
                .statusCode(201);

        refused(
                        post(
                                "/customers",
                                "{\"name\": \"a\", \"email\": \"%s\"}".formatted(email.toUpperCase(Locale.ROOT))),
                        409)
                .body("errors.field", contains("email"));
        refused(post("/products", "{\"sku\": \"%s\", \"name\": \"n\", \"price\": 1}".formatted(sku)), 409)
                .body("errors.field", contains("sku"));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "/orders/0199f2a4-7c10-7b3e-9d55-1f0c6a2b8e01",
                "/products/0199f2a4-7c10-7b3e-9d55-1f0c6a2b8e01",
                "/nothing/here"
            })
    void answersAnUnknownAddressWithAProblem(String path) {
        refused(Shop.get(path), 404);
    }

    @ParameterizedTest
    @ValueSource(strings = {"/orders/not-a-uuid", "/customers/1-1-1-1-1", "/products/%00", "/snapshots/7"})
    void namesTheIdThatIsWrong(String path) {
        refused(given().urlEncodingEnabled(false).get(path).then(), 400).body("errors.field", contains("id"));
    }

    @Test
    void namesEveryParameterThatIsWrong() {
        refused(
                        given().urlEncodingEnabled(false)
                                .get("/customers?after=x&limit=0&email=%00")
                                .then(),
                        400)
                .body("errors.field", contains("email", "limit", "after"));
    }

    @ParameterizedTest
    @CsvSource({"limit,0", "limit,101", "limit,many", "status,LOST", "customerId,7"})
    void namesTheQueryParameterThatIsWrong(String name, String value) {
        refused(given().queryParam(name, value).get("/orders").then(), 400).body("errors.field", contains(name));
    }

    /** Ignored, it would answer another question. */
    @ParameterizedTest
    @CsvSource({
        "/orders?customerId=, customerId",
        "/orders?status=%20, status",
        "/orders?customerid=0199f2a4-7c10-7b3e-9d55-1f0c6a2b8e01, customerid",
        "/orders?status=PAID&status=PENDING, status",
        "/products?sku=, sku",
        "/customers?limit, limit",
        "/orders/0199f2a4-7c10-7b3e-9d55-1f0c6a2b8e01?limit=1, limit"
    })
    void refusesAQueryParameterThatIsUnknownEmptyOrRepeated(String address, String name) {
        refused(given().urlEncodingEnabled(false).get(address).then(), 400).body("errors.field", contains(name));
        given().get("/orders?limit=1&after=").then().statusCode(200);
    }

    @ParameterizedTest
    @ValueSource(strings = {"LOST", "paid", " PAID", "1", ""})
    void namesTheStatusesThatExist(String status) {
        refused(Shop.changeStatus(order(), status).then(), 400)
                .body("errors[0].field", equalTo("status"))
                .body("errors[0].message", equalTo("must be one of [PENDING, PAID, SHIPPED, DELIVERED, CANCELLED]"));
    }

    @Test
    void takesJsonOnly() {
        refused(given().contentType(ContentType.TEXT).body("{}").post("/orders").then(), 415);
        refused(given().contentType(ContentType.JSON).post("/orders").then(), 400);
        refused(
                given().contentType(ContentType.JSON)
                        .body("{} {}")
                        .post("/orders")
                        .then(),
                400);
        refused(given().accept(ContentType.XML).get("/orders").then(), 406);
        refused(given().delete("/orders").then(), 405);
    }

    private static ValidatableResponse refused(ValidatableResponse response, int status) {
        response.statusCode(status).contentType("application/problem+json").body("status", equalTo(status));
        assertThat(response.extract().asString())
                .doesNotContainIgnoringCase("exception")
                .doesNotContain("dev.afterimage", "java.", "com.fasterxml", "select ", "insert ", "_key");
        return response;
    }
}
