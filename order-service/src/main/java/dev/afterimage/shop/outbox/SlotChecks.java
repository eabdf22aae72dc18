package dev.afterimage.shop.outbox;

import io.smallrye.health.api.Wellness;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.inject.Produces;
import java.sql.SQLException;
import org.eclipse.microprofile.health.HealthCheck;
import org.eclipse.microprofile.health.HealthCheckResponse;
import org.eclipse.microprofile.health.HealthCheckResponseBuilder;
import org.eclipse.microprofile.health.Readiness;

/** Checks the outbox and its slot, and the slot of the captured tables, which feeds the replica. */
@ApplicationScoped
class SlotChecks {

    private final ReplicationSlot slot;
    private final SlotLag lag;
    private final OutboxConfig config;

    SlotChecks(ReplicationSlot slot, SlotLag lag, OutboxConfig config) {
        this.slot = slot;
        this.lag = lag;
        this.config = config;
    }

    @Produces
    @Readiness
    @ApplicationScoped
    HealthCheck outboxSlotCheck() {
        return this::outboxSlot;
    }

    @Produces
    @Wellness
    @ApplicationScoped
    HealthCheck tableSlotCheck() {
        return this::tableSlot;
    }

    @Produces
    @Wellness
    @ApplicationScoped
    HealthCheck outboxCheck() {
        return this::outbox;
    }

    /**
     * Up while orders can be accepted safely. The check is down in three cases. The replication slot does not exist:
     * changes that commit before it exists are never published. The WAL of the slot is lost. Or PostgreSQL keeps too
     * much WAL for the slot: a full disk stops the database for all clients, and also for the connector, which could
     * read the slot and so free the disk. Refusing orders in time is the smaller harm. A slot without a reader is no
     * problem for some time, because PostgreSQL keeps the changes.
     */
    HealthCheckResponse outboxSlot() {
        var max = config.maxRetainedWal().asLongValue();
        return check(
                "replication slot", config.slot(), (state, response) -> response.withData("maxRetainedWalBytes", max)
                        .status(!state.walStatus().equals("lost") && state.retainedWalBytes() <= max));
    }

    /**
     * Up while the slot has a reader, the reader confirms changes in time, and the retained WAL is below the limit.
     * Does not affect readiness, because no order depends on this slot; needs attention.
     */
    HealthCheckResponse tableSlot() {
        var name = "table slot";
        if (config.tableSlot().isEmpty()) {
            return HealthCheckResponse.named(name)
                    .withData("state", "not watched")
                    .up()
                    .build();
        }
        var watched = config.tableSlot().get();
        return check(name, watched, (state, response) -> {
            var oldest = lag.oldestUnconfirmed(watched);
            response.withData("oldestUnconfirmedMs", oldest.toMillis())
                    .status(state.active()
                            && oldest.compareTo(config.maxUnconfirmed()) <= 0
                            && state.retainedWalBytes()
                                    <= config.maxRetainedWal().asLongValue());
        });
    }

    /**
     * Up while committed changes are published. Does not affect readiness, because orders are safe either way; needs
     * attention. The check is down if the replication slot has no reader, if the reader does not confirm changes in
     * time, or if rows stay in the outbox: each transaction deletes the rows that it inserts.
     */
    HealthCheckResponse outbox() {
        var response = HealthCheckResponse.named("outbox").withData("slot", config.slot());
        try {
            var rows = slot.lingeringRows();
            var active = slot.state().map(ReplicationSlot.State::active).orElse(false);
            var oldest = lag.oldestUnconfirmed(config.slot());
            return response.withData("rows", rows)
                    .withData("slotActive", active)
                    .withData("oldestUnconfirmedMs", oldest.toMillis())
                    .status(rows == 0 && active && oldest.compareTo(config.maxUnconfirmed()) <= 0)
                    .build();
        } catch (SQLException e) {
            return away(response);
        }
    }

    private interface Rule {

        void judge(ReplicationSlot.State state, HealthCheckResponseBuilder response) throws SQLException;
    }

    private HealthCheckResponse check(String name, String watched, Rule rule) {
        var response = HealthCheckResponse.named(name).withData("slot", watched);
        try {
            var found = slot.state(watched);
            if (found.isEmpty()) {
                return response.withData("state", "missing").down().build();
            }
            var state = found.get();
            response.withData("active", state.active())
                    .withData("wal", state.walStatus())
                    .withData("retainedWalBytes", state.retainedWalBytes());
            rule.judge(state, response);
            return response.build();
        } catch (SQLException e) {
            return away(response);
        }
    }

    private static HealthCheckResponse away(HealthCheckResponseBuilder response) {
        return response.withData("state", "the database does not answer").down().build();
    }
}
