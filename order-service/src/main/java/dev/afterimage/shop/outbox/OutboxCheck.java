package dev.afterimage.shop.outbox;

import io.smallrye.health.api.Wellness;
import jakarta.enterprise.context.ApplicationScoped;
import java.sql.SQLException;
import javax.sql.DataSource;
import org.eclipse.microprofile.health.HealthCheck;
import org.eclipse.microprofile.health.HealthCheckResponse;

/**
 * Up while committed changes are published. Does not affect readiness, because orders are safe either way; needs
 * attention. The check is down if the replication slot has no reader, if the reader does not confirm changes in time,
 * or if rows stay in the outbox: each transaction deletes the rows that it inserts.
 */
@Wellness
@ApplicationScoped
public class OutboxCheck implements HealthCheck {

    private final DataSource orders;
    private final ReplicationSlot slot;
    private final SlotLag lag;
    private final OutboxConfig config;

    OutboxCheck(
            @io.quarkus.agroal.DataSource("probes") DataSource orders,
            ReplicationSlot slot,
            SlotLag lag,
            OutboxConfig config) {
        this.orders = orders;
        this.slot = slot;
        this.lag = lag;
        this.config = config;
    }

    @Override
    public HealthCheckResponse call() {
        var response = HealthCheckResponse.named("outbox").withData("slot", config.slot());
        try {
            var rows = rows();
            var active = slot.state().map(ReplicationSlot.State::active).orElse(false);
            var oldest = lag.oldestUnconfirmed(config.slot());
            return response.withData("rows", rows)
                    .withData("slotActive", active)
                    .withData("oldestUnconfirmedMs", oldest.toMillis())
                    .status(rows == 0 && active && oldest.compareTo(config.maxUnconfirmed()) <= 0)
                    .build();
        } catch (SQLException e) {
            return response.withData("state", "the database does not answer")
                    .down()
                    .build();
        }
    }

    /** The number of rows that stayed in the outbox, counted up to 1,000. Any number above 0 is a defect. */
    long rows() throws SQLException {
        try (var connection = orders.getConnection();
                var query = connection.createStatement();
                var count = query.executeQuery("select count(*) from (select from outbox limit 1000) as lingering")) {
            count.next();
            return count.getLong(1);
        }
    }
}
