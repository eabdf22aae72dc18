package dev.afterimage.shop.outbox;

import io.smallrye.health.api.Wellness;
import jakarta.enterprise.context.ApplicationScoped;
import java.sql.SQLException;
import javax.sql.DataSource;
import org.eclipse.microprofile.health.HealthCheck;
import org.eclipse.microprofile.health.HealthCheckResponse;

/**
 * Well while what commits is also published. Orders are safe either way, hence no reason to send clients elsewhere, but one
 * to wake somebody: nobody reads the replication slot, or rows stay in the outbox, which is empty after every commit as long
 * as whoever inserts a row deletes it.
 */
@Wellness
@ApplicationScoped
public class OutboxCheck implements HealthCheck {
    private final DataSource orders;
    private final ReplicationSlot slot;

    OutboxCheck(DataSource orders, ReplicationSlot slot) {
        this.orders = orders;
        this.slot = slot;
    }

    @Override
    public HealthCheckResponse call() {
        var response = HealthCheckResponse.named("outbox");
        try {
            var rows = rows();
            var active = slot.state().map(ReplicationSlot.State::active).orElse(false);
            return response.withData("rows", rows)
                    .withData("slotActive", active)
                    .status(rows == 0 && active)
                    .build();
        } catch (SQLException e) {
            return response.withData("state", "the database does not answer")
                    .down()
                    .build();
        }
    }

    /** At most 1,000 are counted: how many is of no interest, that there are any is. */
    long rows() throws SQLException {
        try (var connection = orders.getConnection();
                var query = connection.createStatement();
                var count = query.executeQuery("select count(*) from (select from outbox limit 1000) as lingering")) {
            count.next();
            return count.getLong(1);
        }
    }
}
