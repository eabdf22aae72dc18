package dev.afterimage.shop.outbox;

import static io.restassured.RestAssured.given;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.hamcrest.Matchers.equalTo;

import dev.afterimage.shop.PostgresResource;
import io.quarkus.test.common.WithTestResource;
import io.quarkus.test.junit.QuarkusTest;
import io.restassured.response.ValidatableResponse;
import jakarta.inject.Inject;
import java.sql.Connection;
import java.sql.DriverManager;
import java.util.Properties;
import org.eclipse.microprofile.config.ConfigProvider;
import org.eclipse.microprofile.health.HealthCheckResponse.Status;
import org.junit.jupiter.api.Test;
import org.postgresql.PGConnection;
import org.postgresql.PGProperty;
import org.postgresql.ds.PGSimpleDataSource;

@QuarkusTest
@WithTestResource(PostgresResource.class)
class OutboxCheckTest {
    private static final String CHECK = "checks.find { it.name == 'outbox' }.";
    /** In tests it looks at the same slot. */
    private static final String TABLES = "checks.find { it.name == 'table slot' }.";

    @Inject
    OutboxConfig config;

    @Test
    void isWellWhileTheSlotIsReadAndNoRowStays() throws Throwable {
        well(503).body(TABLES + "data.state", equalTo("missing"));
        Wal.withSlot(() -> {
            well(503).body(TABLES + "status", equalTo("DOWN")).body(TABLES + "data.active", equalTo(false));
            well(503).body(CHECK + "data.slotActive", equalTo(false)).body(CHECK + "data.rows", equalTo(0));
            try (var debezium = replication()) {
                debezium.unwrap(PGConnection.class)
                        .getReplicationAPI()
                        .replicationStream()
                        .logical()
                        .withSlotName("order_outbox")
                        .withSlotOption("proto_version", 1)
                        .withSlotOption("publication_names", "order_outbox")
                        .start();
                well(200).body(CHECK + "data.slotActive", equalTo(true));
                well(200).body(TABLES + "data.wal", equalTo("reserved"));
                try (var connection = Wal.superuser();
                        var statement = connection.createStatement()) {
                    statement.execute("""
                            insert into outbox (id, aggregate_type, aggregate_id, type, created_at)
                            values (gen_random_uuid(), 'order', gen_random_uuid(), 'OrderPlaced', now())
                            """);
                    try {
                        well(503).body(CHECK + "data.rows", equalTo(1));
                    } finally {
                        statement.execute("delete from outbox");
                    }
                }
            }
            // until PostgreSQL knows that its reader left, the slot cannot be dropped
            await().untilAsserted(() -> well(503));
        });
    }

    @Test
    void isNotWellWhileTheDatabaseIsAway() {
        var nobody = new PGSimpleDataSource();
        nobody.setPortNumbers(new int[] {1});
        var check = new OutboxCheck(nobody, new ReplicationSlot(nobody, config));

        assertThat(check.call().getStatus()).isEqualTo(Status.DOWN);
    }

    private static ValidatableResponse well(int status) {
        return given().get("/q/health/well").then().statusCode(status);
    }

    private static Connection replication() throws Exception {
        var properties = new Properties();
        PGProperty.USER.set(properties, "debezium");
        PGProperty.PASSWORD.set(properties, "debezium");
        PGProperty.REPLICATION.set(properties, "database");
        PGProperty.ASSUME_MIN_SERVER_VERSION.set(properties, "18");
        PGProperty.PREFER_QUERY_MODE.set(properties, "simple");
        var url = ConfigProvider.getConfig().getValue("quarkus.datasource.jdbc.url", String.class);
        return DriverManager.getConnection(url, properties);
    }
}
