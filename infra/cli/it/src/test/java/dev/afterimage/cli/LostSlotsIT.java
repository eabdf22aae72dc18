package dev.afterimage.cli;

import static dev.afterimage.cli.TestPipeline.LIMIT;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.afterimage.testing.TestSize;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** Slots that are dropped or lose their log are reported, and the steps of "When something breaks" in infra/README.md repair them. */
@ExtendWith(TestPipeline.Shared.class)
@Order(Integer.MAX_VALUE) // leaves a gap in the history, and other tests need a whole one
class LostSlotsIT extends FaultsUnderLoad {

    private static final Map<String, String> CHECKS =
            Map.of("order-outbox", "/q/health/ready", "source-tables", "/q/health/well");

    LostSlotsIT(TestPipeline pipeline) {
        super(pipeline);
    }

    @Test
    void droppedSlotsAndThoseThatLostTheirLogAreNoticedAndMended() throws Exception {
        List<String> connectors = List.of("order-outbox", "source-tables");
        for (int round = 0; round < TestSize.of(1, 2); round++) {
            loseSlots(connectors.get(round), connectors.get(1 - round));
            int before = pipeline.told().size();
            pipeline.restart();
            assertThat(pipeline.parts().ready()).isFalse();
            assertThat(pipeline.told().subList(before, pipeline.told().size()))
                    .contains("connector replica-sink is ready")
                    .doesNotContain("connector order-outbox is ready", "connector source-tables is ready");
            for (String connector : connectors) {
                awaitTold("connector %s is not ready: slot %s is lost, and changes with it: .*"
                        .formatted(connector, slotOf(connector)));
            }
            assertThat(RepairSteps.run(pipeline))
                    .as("rows that were deleted in the gap")
                    .isPositive();
        }
    }

    private void loseSlots(String dropped, String invalidated) throws Exception {
        String order = placed();
        awaitFlow("nothing yet");
        String slot = slotOf(dropped);
        await().atMost(LIMIT)
                .ignoreExceptionsMatching(e -> e instanceof AssertionError) // its reader came back in between
                .until(() -> {
                    terminateReaderOf(slot);
                    source.execute("select pg_drop_replication_slot('" + slot + "')");
                    return true;
                });
        source.execute("alter system set max_slot_wal_keep_size = '16MB'", "select pg_reload_conf()");
        try {
            assertThat(pipeline.run("connectors", "pause", invalidated).code()).isZero();
            await().atMost(LIMIT).until(() -> {
                source.execute(
                        "select pg_logical_emit_message(false, 'filler', '')", "select pg_switch_wal()", "checkpoint");
                return source.value("select wal_status from pg_replication_slots where slot_name = '"
                                + slotOf(invalidated) + "'")
                        .equals("lost");
            });
        } finally {
            source.execute("alter system reset max_slot_wal_keep_size", "select pg_reload_conf()");
        }
        assertThat(pipeline.run("connectors", "resume", invalidated).code()).isZero();
        awaitTold("connector " + dropped + " failed; restarting it: .*no longer available on the server.*");
        awaitNoticed(dropped, "/data/state", "missing");
        awaitNoticed(invalidated, "/data/wal", "lost");
        assertThat(pipeline.run("status").out())
                .contains("slot " + slot + " of connector " + dropped + " is gone")
                .contains("slot " + slotOf(invalidated) + " has lost its log");
        delete(order);
        awaitShoppers(50);
        assertThat(source.rows("select slot_name from pg_replication_slots where slot_name = '" + slot + "'"))
                .as("made anew by nobody")
                .isEmpty();
    }

    private static String slotOf(String connector) {
        return Objects.requireNonNull(SLOTS.get(connector));
    }

    /** By the order-service's health. */
    private void awaitNoticed(String connector, String datum, String value) {
        String name = connector.equals("order-outbox") ? "replication slot" : "table slot";
        await().atMost(LIMIT).untilAsserted(() -> assertThat(orders.get(Objects.requireNonNull(CHECKS.get(connector)))
                        .body()
                        .path("checks"))
                .filteredOn(check -> check.path("name").asText().equals(name))
                .singleElement()
                .satisfies(check -> {
                    assertThat(check.path("status").asText()).isEqualTo("DOWN");
                    assertThat(check.at(datum).asText()).isEqualTo(value);
                }));
    }
}
