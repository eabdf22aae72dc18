package dev.afterimage.shop.outbox;

import jakarta.enterprise.context.ApplicationScoped;
import java.sql.SQLException;
import org.eclipse.microprofile.health.HealthCheck;
import org.eclipse.microprofile.health.HealthCheckResponse;
import org.eclipse.microprofile.health.Readiness;

/**
 * Up while orders can be accepted safely. The check is down in three cases. The replication slot does not exist:
 * changes that commit before it exists are never published. The WAL of the slot is lost. Or PostgreSQL keeps too much
 * WAL for the slot: a full disk stops the database for all clients, and also for the connector, which could read the
 * slot and so free the disk. Refusing orders in time is the smaller harm. A slot without a reader is no problem for
 * some time, because PostgreSQL keeps the changes.
 */
@Readiness
@ApplicationScoped
public class ReplicationSlotCheck implements HealthCheck {
    private final ReplicationSlot slot;
    private final OutboxConfig config;

    ReplicationSlotCheck(ReplicationSlot slot, OutboxConfig config) {
        this.slot = slot;
        this.config = config;
    }

    @Override
    public HealthCheckResponse call() {
        var response = HealthCheckResponse.named("replication slot").withData("slot", config.slot());
        try {
            var found = slot.state();
            if (found.isEmpty()) {
                return response.withData("state", "missing").down().build();
            }
            var state = found.get();
            var max = config.maxRetainedWal().asLongValue();
            return response.withData("active", state.active())
                    .withData("wal", state.walStatus())
                    .withData("retainedWalBytes", state.retainedWalBytes())
                    .withData("maxRetainedWalBytes", max)
                    .status(!state.walStatus().equals("lost") && state.retainedWalBytes() <= max)
                    .build();
        } catch (SQLException e) {
            return response.withData("state", "the database does not answer")
                    .down()
                    .build();
        }
    }
}
