package dev.afterimage.shop.web;

import static dev.afterimage.shop.Shop.changeStatus;
import static dev.afterimage.shop.Shop.customer;
import static dev.afterimage.shop.Shop.get;
import static dev.afterimage.shop.Shop.newCustomer;
import static dev.afterimage.shop.Shop.newProduct;
import static dev.afterimage.shop.Shop.order;
import static dev.afterimage.shop.Shop.product;
import static dev.afterimage.shop.Shop.put;
import static io.restassured.RestAssured.given;
import static org.assertj.core.api.Assertions.assertThat;
import static org.hamcrest.Matchers.contains;
import static org.hamcrest.Matchers.equalTo;

import io.quarkus.test.junit.QuarkusTest;
import io.restassured.http.ContentType;
import io.restassured.response.Response;
import jakarta.ws.rs.core.HttpHeaders;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.Callable;
import java.util.concurrent.Executors;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

@QuarkusTest
class PreconditionsTest {

    private static final String STALE = "\"7\"";

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "*            | 200",
                "\"2\"        | 200",
                "\"1\", \"2\" | 200",
                "\"1\",\"2\"  | 200",
                "W/\"1\",\"2\"| 200",
                "\"1\"        | 412",
                "\"1\", \"3\" | 412",
                "\"02\"       | 412",
                "\"\"         | 412",
                "\"\t2\"      | 400",
                ",\"1\",,\"2\",| 200",
                "\"1,2\"      | 412",
                "\"1,\",\"2\" | 200",
                "' '          | 400",
                "''           | 400",
                ",            | 400",
                "W/\"2\"      | 412",
                "2            | 400",
                "\"2          | 400",
                "\"1\" \"2\"  | 400",
                "\"2\", *     | 400",
                "w/\"2\"      | 400"
            })
    void readsTheHeaderAsTheStandardSays(String ifMatch, int status) {
        var id = order();
        changeStatus(id, "PAID").then().statusCode(200).header("ETag", "\"2\"");

        var answer = put("/orders/%s/status".formatted(id), "{\"status\": \"PAID\"}", ifMatch)
                .then()
                .statusCode(status);

        switch (status) {
            case 200 -> answer.header("ETag", "\"2\"");
            case 412 ->
                answer.contentType("application/problem+json")
                        .body("type", equalTo(ProblemType.VERSION_MOVED.uri()))
                        .body("version", equalTo(2));
            default -> answer.body("errors.field", contains(HttpHeaders.IF_MATCH));
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "If-Match: \"2\"                              | 200",
                "If-Match: *                                | 200",
                "If-Match: W/\"2\"                            | 412",
                "If-Match: \"1\"                              | 412",
                "If-Match: \"1\", If-None-Match: \"2\"        | 412",
                "If-Match: \"2\", If-None-Match: \"2\"        | 304",
                "If-Match: \"2\", If-None-Match: \"1\"        | 200",
                "If-None-Match: *                           | 304",
                "If-None-Match: \"2\"                         | 304",
                "If-None-Match: W/\"2\"                       | 304",
                "If-None-Match: \"1\"                         | 200",
                "If-Unmodified-Since: Thu, 01 Jan 1970 00:00:00 GMT | 200",
                "If-Modified-Since: Fri, 31 Dec 9999 23:59:59 GMT   | 200",
                "If-None-Match:                             | 400",
                "If-Match:                                  | 400",
                "If-None-Match: 2                           | 400",
                "If-Match: 2                                | 400"
            })
    void evaluatesThePreconditionsOfAGetInTheOrderOfTheStandard(String headers, int status) {
        var id = order();
        changeStatus(id, "PAID").then().statusCode(200);
        for (var method : List.of("GET", "HEAD")) {
            given().headers(headers(headers))
                    .request(method, "/orders/" + id)
                    .then()
                    .statusCode(status);
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "If-None-Match: *                    | 412",
                "If-None-Match: \"1\"                  | 412",
                "If-None-Match: W/\"1\"                | 412",
                "If-None-Match: \"2\"                  | 200",
                "If-None-Match: 2                    | 400",
                "If-Match: \"1\", If-None-Match: \"1\" | 412"
            })
    void changesNothingThatHasATagOfIfNoneMatch(String headers, int status) {
        var id = order();
        given().headers(headers(headers))
                .contentType(ContentType.JSON)
                .body("{\"status\": \"PAID\"}")
                .put("/orders/%s/status".formatted(id))
                .then()
                .statusCode(status);
        get("/orders/" + id).header("ETag", status == 200 ? "\"2\"" : "\"1\"");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "If-Match: *          | 201",
                "If-Match: \"1\"        | 412",
                "If-Match: 1          | 400",
                "If-None-Match: *     | 412",
                "If-None-Match: \"1\"   | 201"
            })
    void addsNothingToAListThatIsDemandedToHaveATag(String headers, int status) {
        var answer = given().headers(headers(headers))
                .contentType(ContentType.JSON)
                .body(newCustomer())
                .post("/customers")
                .then()
                .statusCode(status);
        if (status == 412) {
            answer.contentType("application/problem+json").body("type", equalTo(ProblemType.VERSION_MOVED.uri()));
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "If-Match: *          | 200",
                "If-Match: \"1\"        | 412",
                "If-Match: nonsense   | 400",
                "If-None-Match: *     | 304",
                "If-None-Match: \"1\"   | 200"
            })
    void evaluatesThePreconditionsOfAGetWithoutATag(String headers, int status) {
        for (var address : List.of("/customers", "/orders?limit=1")) {
            var answer = given().headers(headers(headers)).get(address).then().statusCode(status);
            if (status == 412) {
                answer.contentType("application/problem+json").body("type", equalTo(ProblemType.VERSION_MOVED.uri()));
            }
        }
        given().headers(headers(headers))
                .get("/orders/" + UUID.randomUUID())
                .then()
                .statusCode(404);
    }

    @ParameterizedTest
    @ValueSource(strings = {"If-Match", "If-None-Match"})
    void refusesARepeatedHeader(String name) {
        var id = order();
        for (var value : List.of("\"1\"", "\"7\"", "*")) {
            given().header(name, "\"7\"", value)
                    .delete("/orders/" + id)
                    .then()
                    .statusCode(400)
                    .body("errors.field", contains(name));
        }
        given().header(name, "").delete("/orders/" + id).then().statusCode(400).body("errors.field", contains(name));
        get("/orders/" + id).statusCode(200);
    }

    private static Map<String, String> headers(String text) {
        return Stream.of(text.split(", (?=If-)"))
                .map(header -> header.split(": ?", 2))
                .collect(Collectors.toMap(header -> header[0], header -> header[1]));
    }

    @Test
    void guardsEveryChangeAndEveryDelete() {
        var customer = "/customers/" + customer();
        var product = "/products/" + product("29.90");
        var order = "/orders/" + order();
        var items = "{\"items\": [{\"productId\": \"%s\", \"quantity\": 1}]}".formatted(product("1.00"));

        for (var answer : List.of(
                put(customer, newCustomer(), STALE),
                put(product, newProduct("1.00"), STALE),
                put(order + "/items", items, STALE),
                put(order + "/status", "{\"status\": \"PAID\"}", STALE),
                given().header(HttpHeaders.IF_MATCH, STALE).delete(customer),
                given().header(HttpHeaders.IF_MATCH, STALE).delete(product),
                given().header(HttpHeaders.IF_MATCH, STALE).delete(order))) {
            answer.then().statusCode(412).body("version", equalTo(1));
        }

        for (var address : List.of(order, customer, product)) {
            get(address).statusCode(200).header("ETag", "\"1\"");
            given().header(HttpHeaders.IF_MATCH, "\"1\"").delete(address).then().statusCode(204);
        }
    }

    @Test
    void answers404ToAnyIfMatchAtAMissingOrder() {
        given().header(HttpHeaders.IF_MATCH, "*")
                .delete("/orders/" + UUID.randomUUID())
                .then()
                .statusCode(404);
    }

    @Test
    void letsOneOfManyWhoReadTheSameVersionWin() throws Exception {
        var address = "/customers/" + customer();
        var tag = get(address).extract().header("ETag");
        try (var clients = Executors.newVirtualThreadPerTaskExecutor()) {
            var changes = IntStream.range(0, 12)
                    .<Callable<Response>>mapToObj(_ -> () -> put(address, newCustomer(), tag))
                    .toList();

            var answers = clients.invokeAll(changes);

            var won = answers.stream()
                    .map(answer -> answer.resultNow())
                    .filter(answer -> answer.statusCode() == 200)
                    .toList();
            assertThat(won).hasSize(1);
            get(address).header("ETag", "\"2\"").body(equalTo(won.getFirst().asString()));
            assertThat(answers)
                    .allSatisfy(answer ->
                            assertThat(answer.resultNow().statusCode()).isIn(200, 412));
        }
    }
}
