package dev.afterimage.projection.audit;

import static io.restassured.RestAssured.given;
import static org.awaitility.Awaitility.await;
import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.equalTo;

import dev.afterimage.projection.StackResource;
import io.quarkus.test.common.QuarkusTestResource;
import io.quarkus.test.common.WithTestResource;
import io.quarkus.test.junit.QuarkusTest;
import java.time.Duration;
import org.junit.jupiter.api.Test;

/** A service that is told of no source, and of a replica that is nowhere. */
@QuarkusTest
@QuarkusTestResource(StackResource.class)
@WithTestResource(Nowhere.class)
class AbsentTest {

    @Test
    void isReadyWithoutSourceAndReplicaAndSaysThatTheyAreMissing() {
        await().atMost(Duration.ofSeconds(20))
                .until(() -> given().get("/q/health/ready").statusCode() == 200);

        given().get("/audit")
                .then()
                .statusCode(200)
                .body("report.verdict", equalTo("UNKNOWN"))
                .body("report.sides[0].state", equalTo("ABSENT"))
                .body("report.sides[0].detail", equalTo("the datasource source is not configured"))
                .body("report.sides[2].state", equalTo("UNREADABLE"))
                .body("report.sides[2].detail", containsString("refused"));
        given().get("/q/health/ready").then().statusCode(200);
    }
}
