package dev.afterimage.shop.order;

import static dev.afterimage.shop.Shop.changeStatus;
import static dev.afterimage.shop.Shop.customer;
import static dev.afterimage.shop.Shop.get;
import static dev.afterimage.shop.Shop.order;
import static dev.afterimage.shop.Shop.orderOf;
import static dev.afterimage.shop.Shop.post;
import static dev.afterimage.shop.Shop.product;
import static io.restassured.RestAssured.given;
import static org.hamcrest.Matchers.contains;
import static org.hamcrest.Matchers.endsWith;
import static org.hamcrest.Matchers.equalTo;
import static org.hamcrest.Matchers.hasSize;

import dev.afterimage.shop.PostgresResource;
import io.quarkus.test.common.WithTestResource;
import io.quarkus.test.junit.QuarkusTest;
import java.util.UUID;
import org.junit.jupiter.api.Test;

@QuarkusTest
@WithTestResource(PostgresResource.class)
class OrderResourceTest {

    @Test
    void showsAnOrderTheSameWhenPlacedAndWhenRead() {
        var placed = post("/orders", orderOf(customer(), product("29.90"), 2))
                .statusCode(201)
                .header("ETag", "\"1\"")
                .body("status", equalTo("PENDING"))
                .body("currency", equalTo("EUR"))
                .body("total", equalTo("59.80"))
                .body("items[0].unitPrice", equalTo("29.90"))
                .body("items[0].lineTotal", equalTo("59.80"))
                .body("version", equalTo(1))
                .extract();

        given().get(placed.header("Location"))
                .then()
                .statusCode(200)
                .header("ETag", "\"1\"")
                .body(equalTo(placed.asString()));
    }

    @Test
    void keepsTheLinesInTheOrderTheyWereWritten() {
        var dear = product("20.00");
        var cheap = product("0.01");

        var id = post("/orders", """
                        {"customerId": "%s", "currency": "USD", "items": [
                          {"productId": "%s", "quantity": 1},
                          {"productId": "%s", "quantity": 3},
                          {"productId": "%s", "quantity": 2}
                        ]}
                        """.formatted(customer(), dear, cheap, dear))
                .statusCode(201)
                .extract()
                .<String>path("id");

        get("/orders/" + id)
                .body("currency", equalTo("USD"))
                .body("total", equalTo("60.03"))
                .body("items.productId", contains(dear, cheap, dear))
                .body("items.quantity", contains(1, 3, 2));
    }

    @Test
    void listsTheNewestOrdersOfACustomerFirst() {
        var customer = customer();
        var product = product("1.00");
        var first = place(customer, product);
        var second = place(customer, product);
        var third = place(customer, product);
        order();
        changeStatus(second, "PAID").then().statusCode(200);

        get("/orders?customerId=" + customer).statusCode(200).body("id", contains(third, second, first));
        get("/orders?limit=2&customerId=" + customer)
                .body("id", contains(third, second))
                .body("items[0]", hasSize(1));
        get("/orders?status=PAID&customerId=" + customer).body("id", contains(second));
        get("/orders?limit=1").body("", hasSize(1));
    }

    @Test
    void forgetsADeletedOrder() {
        var id = order();

        given().delete("/orders/" + id).then().statusCode(204);

        get("/orders/" + id).statusCode(404);
        given().delete("/orders/" + id).then().statusCode(404);
        changeStatus(id, "PAID").then().statusCode(404);
    }

    @Test
    void tellsFromWhereToWhereAnOrderMayNotGo() {
        var id = order();
        changeStatus(id, "CANCELLED").then().statusCode(200).header("ETag", "\"2\"");

        changeStatus(id, "PAID")
                .then()
                .statusCode(409)
                .contentType("application/problem+json")
                .body("from", equalTo("CANCELLED"))
                .body("to", equalTo("PAID"));
    }

    @Test
    void showsCustomersAndProductsWhereTheirLocationSays() {
        var email = "grace-%s@example.com".formatted(UUID.randomUUID());
        var customer = post("/customers", """
                {"name": "Grace", "email": "%s"}
                """.formatted(email))
                .statusCode(201)
                .header("ETag", "\"1\"")
                .extract();
        var product = post("/products", """
                {"sku": "%s", "name": "Lamp", "price": 5}
                """.formatted(UUID.randomUUID()))
                .statusCode(201)
                .body("price", equalTo("5.00"))
                .extract();

        given().get(customer.header("Location")).then().statusCode(200).body(equalTo(customer.asString()));
        given().get(product.header("Location")).then().statusCode(200).body(equalTo(product.asString()));
        get("/customers?limit=1").body("[0].email", endsWith("@example.com"));
        get("/products?limit=1").body("", hasSize(1));
    }

    private static String place(String customer, String product) {
        return post("/orders", orderOf(customer, product, 1))
                .statusCode(201)
                .extract()
                .path("id");
    }
}
