package dev.afterimage.projection.audit;

import static io.restassured.RestAssured.given;
import static org.awaitility.Awaitility.await;
import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.equalTo;

import dev.afterimage.projection.Alone;
import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.TestProfile;
import java.time.Duration;
import org.junit.jupiter.api.Test;

@QuarkusTest
@TestProfile(Alone.class)
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
