package dev.afterimage.shop.http;

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
import io.restassured.response.Response;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.Callable;
import java.util.concurrent.Executors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

@QuarkusTest
class IfMatchTest {
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
                answer.contentType(Problem.MEDIA_TYPE)
                        .body("type", equalTo(ProblemType.VERSION_MOVED.uri()))
                        .body("version", equalTo(2));
            default -> answer.body("errors.field", contains(IfMatch.HEADER));
        }
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
                given().header(IfMatch.HEADER, STALE).delete(customer),
                given().header(IfMatch.HEADER, STALE).delete(product),
                given().header(IfMatch.HEADER, STALE).delete(order))) {
            answer.then().statusCode(412).body("version", equalTo(1));
        }

        for (var address : List.of(order, customer, product)) {
            get(address).statusCode(200).header("ETag", "\"1\"");
            given().header(IfMatch.HEADER, "\"1\"").delete(address).then().statusCode(204);
        }
    }

    @Test
    void matchesNothingThatIsNotThere() {
        given().header(IfMatch.HEADER, "*")
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
