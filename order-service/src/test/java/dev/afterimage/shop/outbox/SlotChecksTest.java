package dev.afterimage.shop.outbox;

import static io.restassured.RestAssured.given;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.hamcrest.Matchers.equalTo;

import dev.afterimage.testing.Database;
import io.quarkus.test.junit.QuarkusTest;
import jakarta.inject.Inject;
import java.time.Duration;
import javax.sql.DataSource;
import org.eclipse.microprofile.health.HealthCheckResponse;
import org.eclipse.microprofile.health.HealthCheckResponse.Status;
import org.junit.jupiter.api.Test;

@QuarkusTest
class SlotChecksTest {

    private static final String CHECK = "checks.find { it.name == 'replication slot' }.";

    @Inject
    DataSource orders;

    @Test
    void isReadyWhileDebeziumReadsTheSlot() {
        await().atMost(Duration.ofSeconds(60)).untilAsserted(() -> given().get("/q/health/ready")
                .then()
                .statusCode(200)
                .body(CHECK + "status", equalTo("UP"))
                .body(CHECK + "data.active", equalTo(true)));
    }

    @Test
    void isReadyOnlyOnceTheSlotExists() throws Throwable {
        var missing = check(SlotConfig.of("unread"));
        assertThat(missing.getStatus()).isEqualTo(Status.DOWN);
        assertThat(missing.getData().orElseThrow()).containsEntry("state", "missing");

        Wal.withSlot("unread", () -> {
            var unread = check(SlotConfig.of("unread"));
            assertThat(unread.getStatus()).isEqualTo(Status.UP);
            assertThat(unread.getData().orElseThrow()).containsEntry("active", false);
            assertThat(unread.getData().orElseThrow().get("retainedWalBytes"))
                    .asString()
                    .isNotEqualTo("0");
        });
    }

    @Test
    void isNotReadyOnceTheSlotKeepsTooMuchLog() throws Throwable {
        Wal.withSlot("unread", () -> {
            Database.ofService().execute("select pg_logical_emit_message(true, 'filler', repeat('x', 100000))");
            assertThat(check(SlotConfig.of("unread").keepingAtMost(100_000)).getStatus())
                    .isEqualTo(Status.DOWN);
            assertThat(check(SlotConfig.of("unread").keepingAtMost(100_000_000)).getStatus())
                    .isEqualTo(Status.UP);
        });
    }

    private HealthCheckResponse check(OutboxConfig config) {
        var slot = new ReplicationSlot(orders, config);
        return new SlotChecks(slot, new SlotLag(slot, config), config).outboxSlot();
    }
}
