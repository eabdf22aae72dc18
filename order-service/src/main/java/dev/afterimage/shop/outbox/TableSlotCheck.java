package dev.afterimage.shop.outbox;

import io.smallrye.health.api.Wellness;
import jakarta.enterprise.context.ApplicationScoped;
import java.sql.SQLException;
import org.eclipse.microprofile.health.HealthCheck;
import org.eclipse.microprofile.health.HealthCheckResponse;

/**
 * Well while the slot of the tables themselves, from which the replica is made, is read, is confirmed in time, and keeps no more
 * log than is good for the disk. No order depends on it, but nobody else looks after it.
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
