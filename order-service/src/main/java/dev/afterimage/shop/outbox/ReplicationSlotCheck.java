package dev.afterimage.shop.outbox;

import jakarta.enterprise.context.ApplicationScoped;
import java.sql.SQLException;
import org.eclipse.microprofile.health.HealthCheck;
import org.eclipse.microprofile.health.HealthCheckResponse;
import org.eclipse.microprofile.health.Readiness;

/**
 * Ready while an order can be taken safely. Not until the replication slot exists, for what commits before that is never
 * published. A slot that nobody reads at the moment is fine, for PostgreSQL then keeps the changes; one whose WAL is lost
 * is not. Nor is one for which PostgreSQL keeps too much: it would fill the disk, and a database with a full disk stops for
 * everybody, those included who could read the slot and so set the disk free. To refuse orders in time is the smaller harm.
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
