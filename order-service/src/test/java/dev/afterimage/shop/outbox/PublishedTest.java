package dev.afterimage.shop.outbox;

import static dev.afterimage.shop.Shop.changeStatus;
import static io.restassured.RestAssured.given;
import static org.assertj.core.api.Assertions.assertThat;

import dev.afterimage.devservices.testing.InjectPublished;
import dev.afterimage.devservices.testing.PublishedEvent;
import dev.afterimage.devservices.testing.PublishedEvents;
import dev.afterimage.shop.Shop;
import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.QuarkusTestProfile;
import io.quarkus.test.junit.TestProfile;
import org.junit.jupiter.api.Test;

/** What other tests see in the WAL, by way of Debezium, on the pipeline that dev mode starts. */
@QuarkusTest
@TestProfile(PublishedTest.DevMode.class)
class PublishedTest {

    public static class DevMode implements QuarkusTestProfile {
        @Override
        public String getConfigProfile() {
            return "dev";
        }
    }

    @InjectPublished
    @SuppressWarnings("NullAway.Init")
    PublishedEvents published;

    @Test
    void anOrdersLifeIsOnItsTopicInOrderAndEndsWithATombstone() {
        var id = Shop.order();
        changeStatus(id, "PAID").then().statusCode(200);
        changeStatus(id, "DELIVERED").then().statusCode(409);
        given().delete("/orders/" + id).then().statusCode(204);

        published.inOrder(id, "OrderPlaced", "OrderStatusChanged", "OrderDeleted", "OrderDeleted");
        assertThat(published.by(id)).extracting(PublishedEvent::topic).containsOnly("order.events");
        assertThat(published.by(id)).extracting(PublishedEvent::value).last().isNull();
    }
}
