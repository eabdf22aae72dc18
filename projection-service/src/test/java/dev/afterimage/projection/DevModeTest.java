package dev.afterimage.projection;

import static io.restassured.RestAssured.given;
import static org.awaitility.Awaitility.await;

import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.QuarkusTestProfile;
import io.quarkus.test.junit.TestProfile;
import org.junit.jupiter.api.Test;

@QuarkusTest
@TestProfile(DevModeTest.DevMode.class)
class DevModeTest {

    public static class DevMode implements QuarkusTestProfile {
        @Override
        public String getConfigProfile() {
            return "dev";
        }
    }

    @Test
    void whatDevModeStartsIsAllThatTheServiceNeeds() {
        await().untilAsserted(() -> given().get("/q/health/ready").then().statusCode(200));
    }
}
