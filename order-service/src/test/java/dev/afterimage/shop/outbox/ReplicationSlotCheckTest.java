package dev.afterimage.shop.outbox;

import static io.restassured.RestAssured.given;
import static org.hamcrest.Matchers.equalTo;

import dev.afterimage.shop.PostgresResource;
import io.quarkus.test.common.WithTestResource;
import io.quarkus.test.junit.QuarkusTest;
import org.junit.jupiter.api.Test;

@QuarkusTest
@WithTestResource(PostgresResource.class)
class ReplicationSlotCheckTest {
    private static final String CHECK = "checks.find { it.name == 'replication slot' }.";

    @Test
    void isReadyOnlyOnceTheSlotExists() throws Exception {
        given().get("/q/health/live").then().statusCode(200);
        given().get("/q/health/ready")
                .then()
                .statusCode(503)
                .body(CHECK + "status", equalTo("DOWN"))
                .body(CHECK + "data.state", equalTo("missing"));

        try (var connection = Wal.superuser();
                var statement = connection.createStatement()) {
            statement.execute("select pg_create_logical_replication_slot('order_outbox', 'pgoutput')");
            try {
                given().get("/q/health/ready")
                        .then()
                        .statusCode(200)
                        .body(CHECK + "status", equalTo("UP"))
                        .body(CHECK + "data.active", equalTo(false));
            } finally {
                statement.execute("select pg_drop_replication_slot('order_outbox')");
            }
        }
    }
}
