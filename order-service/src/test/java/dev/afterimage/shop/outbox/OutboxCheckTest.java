package dev.afterimage.shop.outbox;

import static io.restassured.RestAssured.given;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.hamcrest.Matchers.equalTo;

import dev.afterimage.testing.Database;
import io.quarkus.test.junit.QuarkusTest;
import io.restassured.response.ValidatableResponse;
import jakarta.inject.Inject;
import java.time.Duration;
import javax.sql.DataSource;
import org.eclipse.microprofile.health.HealthCheckResponse;
import org.eclipse.microprofile.health.HealthCheckResponse.Status;
import org.junit.jupiter.api.Test;
import org.postgresql.ds.PGSimpleDataSource;

@QuarkusTest
class OutboxCheckTest {

    private static final String CHECK = "checks.find { it.name == 'outbox' }.";
    /** In tests this check uses the same slot. */
    private static final String TABLES = "checks.find { it.name == 'table slot' }.";

    @Inject
    DataSource orders;

    @Test
    void isWellWhileDebeziumReadsTheSlotAndNoRowStays() {
        await().atMost(Duration.ofSeconds(60)).untilAsserted(() -> well(200)
                .body(CHECK + "data.slotActive", equalTo(true))
                .body(TABLES + "data.wal", equalTo("reserved")));

        var database = Database.ofService();
        database.execute("""
                insert into outbox (id, aggregate_type, aggregate_id, type, created_at)
                values (gen_random_uuid(), 'order', gen_random_uuid(), 'OrderPlaced', now())
                """);
        try {
            well(503).body(CHECK + "data.rows", equalTo(1));
        } finally {
            database.execute("delete from outbox");
        }
        well(200);
    }

    @Test
    void isNotWellWhileNobodyReadsTheSlot() throws Throwable {
        var config = SlotConfig.of("unread");
        var slot = new ReplicationSlot(orders, config);
        var lag = new SlotLag(slot, config);
        isDown(new SlotChecks(slot, lag, config).tableSlot(), "state", "missing");
        isDown(new SlotChecks(slot, lag, config).outbox(), "slotActive", false);

        Wal.withSlot("unread", () -> {
            isDown(new SlotChecks(slot, lag, config).tableSlot(), "active", false);
            isDown(new SlotChecks(slot, lag, config).outbox(), "slotActive", false);
        });
    }

    /** Like a connector that hangs: the slot has a reader, but nothing is confirmed. */
    @Test
    void isNotWellWhileAChangeIsNotConfirmedInTime() throws Throwable {
        Wal.withSlot("unread", () -> {
            var limit = Duration.ofMillis(500);
            var active = new ReplicationSlot(orders, SlotConfig.of("order_outbox"));
            var config = SlotConfig.of("unread").confirmedWithin(limit);
            var lag = new SlotLag(new ReplicationSlot(orders, config), config);
            Database.ofService().execute("select pg_logical_emit_message(true, 'filler', 'x')");
            lag.look();
            await().untilAsserted(() -> {
                var answer = new SlotChecks(active, lag, config).outbox();
                assertThat(answer.getStatus()).isEqualTo(Status.DOWN);
                assertThat(answer.getData().orElseThrow()).containsEntry("slotActive", true);
            });

            Database.ofService().execute("select pg_replication_slot_advance('unread', pg_current_wal_lsn())");
            lag.look();
            // others write to the log too
            assertThat(lag.oldestUnconfirmed("unread")).isLessThan(limit);
        });
    }

    @Test
    void isNotWellWhileTheDatabaseIsAway() {
        var nobody = new PGSimpleDataSource();
        nobody.setPortNumbers(new int[] {1});
        var config = SlotConfig.of("unread");
        var slot = new ReplicationSlot(nobody, config);
        var check = new SlotChecks(slot, new SlotLag(slot, config), config).outbox();

        assertThat(check.getStatus()).isEqualTo(Status.DOWN);
    }

    private static void isDown(HealthCheckResponse answer, String key, Object value) {
        assertThat(answer.getStatus()).isEqualTo(Status.DOWN);
        assertThat(answer.getData().orElseThrow()).containsEntry(key, value);
    }

    private static ValidatableResponse well(int status) {
        return given().get("/q/health/well").then().statusCode(status);
    }
}
