package dev.afterimage.projection.view.product;

import static io.restassured.RestAssured.given;
import static org.hamcrest.Matchers.contains;
import static org.hamcrest.Matchers.equalTo;

import dev.afterimage.projection.NamedEvents;
import dev.afterimage.projection.OrderTopic;
import io.quarkus.test.junit.QuarkusTest;
import jakarta.inject.Inject;
import java.util.List;
import java.util.UUID;
import org.eclipse.microprofile.config.inject.ConfigProperty;
import org.junit.jupiter.api.Test;

@QuarkusTest
class ProductResourceTest {

    @Inject
    @ConfigProperty(name = "kafka.bootstrap.servers")
    String bootstrapServers;

    private final String sku = "SKU-" + UUID.randomUUID();
    private final NamedEvents lamp = NamedEvents.product(sku);

    @Test
    void showsAProductUntilItIsDeleted() {
        try (var topic = new OrderTopic(bootstrapServers)) {
            topic.putOn("product.events", lamp.id, lamp.created("Lamp"));
            given().get("/products/{id}?minVersion=1&wait=20s", lamp.id)
                    .then()
                    .statusCode(200)
                    .header("ETag", "\"1\"")
                    .body("sku", equalTo(sku))
                    .body("name", equalTo("Lamp"))
                    .body("price", equalTo("29.90"))
                    .body("cdc.operation", equalTo("c"));
            given().get("/products?sku={sku}", sku).then().statusCode(200).body("id", contains(lamp.id.toString()));

            topic.putOn("product.events", lamp.id, lamp.deleted(2, "Lamp"));
            given().get("/products/{id}?minVersion=2&wait=20s", lamp.id).then().statusCode(404);
            given().get("/products?sku={sku}", sku).then().body("$", equalTo(List.of()));
        }
    }
}
