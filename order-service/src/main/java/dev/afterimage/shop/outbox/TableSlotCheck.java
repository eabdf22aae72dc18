package dev.afterimage.shop.outbox;

import io.smallrye.health.api.Wellness;
import jakarta.enterprise.context.ApplicationScoped;
import java.sql.SQLException;
import org.eclipse.microprofile.health.HealthCheck;
import org.eclipse.microprofile.health.HealthCheckResponse;

/**
 * Checks the slot of the captured tables, which feeds the replica. Up while the slot has a reader, the reader confirms
 * changes in time, and the retained WAL is below the limit. Does not affect readiness, because no order depends on this
 * slot; needs attention.
 */
@Wellness
@ApplicationScoped
public class TableSlotCheck implements HealthCheck {
    private final ReplicationSlot slot;
    private final SlotLag lag;
    private final OutboxConfig config;

    TableSlotCheck(ReplicationSlot slot, SlotLag lag, OutboxConfig config) {
        this.slot = slot;
        this.lag = lag;
        this.config = config;
    }

    @Override
    public HealthCheckResponse call() {
        var response = HealthCheckResponse.named("table slot");
        var name = config.tableSlot();
        if (name.isEmpty()) {
            return response.withData("state", "not watched").up().build();
        }
        response.withData("slot", name.get());
        try {
            var found = slot.state(name.get());
            if (found.isEmpty()) {
                return response.withData("state", "missing").down().build();
            }
            var state = found.get();
            var oldest = lag.oldestUnconfirmed(name.get());
            return response.withData("active", state.active())
                    .withData("wal", state.walStatus())
                    .withData("retainedWalBytes", state.retainedWalBytes())
                    .withData("oldestUnconfirmedMs", oldest.toMillis())
                    .status(state.active()
                            && oldest.compareTo(config.maxUnconfirmed()) <= 0
                            && state.retainedWalBytes()
                                    <= config.maxRetainedWal().asLongValue())
                    .build();
        } catch (SQLException e) {
            return response.withData("state", "the database does not answer")
                    .down()
                    .build();
        }
    }
}
