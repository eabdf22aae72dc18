package dev.afterimage.shop.outbox;

import jakarta.enterprise.context.ApplicationScoped;
import java.sql.SQLException;
import javax.sql.DataSource;
import org.eclipse.microprofile.health.HealthCheck;
import org.eclipse.microprofile.health.HealthCheckResponse;
import org.eclipse.microprofile.health.Readiness;

/**
 * Not ready until the replication slot exists: what commits before that is never published. A slot that nobody reads at the
 * moment is fine, for PostgreSQL then keeps the changes; one whose WAL is lost is not.
 */
@Readiness
@ApplicationScoped
public class ReplicationSlotCheck implements HealthCheck {
    private final DataSource orders;
    private final OutboxConfig config;

    public ReplicationSlotCheck(DataSource orders, OutboxConfig config) {
        this.orders = orders;
        this.config = config;
    }

    @Override
    public HealthCheckResponse call() {
        var response = HealthCheckResponse.named("replication slot").withData("slot", config.slot());
        try (var connection = orders.getConnection();
                var query = connection.prepareStatement("""
                        select active, coalesce(wal_status, 'unknown') as wal_status
                        from pg_replication_slots
                        where slot_name = ? and database = current_database()
                        """)) {
            query.setString(1, config.slot());
            try (var slot = query.executeQuery()) {
                if (!slot.next()) {
                    return response.withData("state", "missing").down().build();
                }
                var walStatus = slot.getString("wal_status");
                return response.withData("active", slot.getBoolean("active"))
                        .withData("wal", walStatus)
                        .status(!"lost".equals(walStatus))
                        .build();
            }
        } catch (SQLException e) {
            return response.withData("state", "the database does not answer")
                    .down()
                    .build();
        }
    }
}
