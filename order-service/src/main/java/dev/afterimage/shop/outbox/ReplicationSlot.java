package dev.afterimage.shop.outbox;

import jakarta.enterprise.context.ApplicationScoped;
import java.sql.SQLException;
import java.util.Optional;
import javax.sql.DataSource;

/** The replication slots through which Debezium reads this database, as PostgreSQL sees them at the moment. */
@ApplicationScoped
class ReplicationSlot {
    private final DataSource orders;
    private final OutboxConfig config;

    ReplicationSlot(DataSource orders, OutboxConfig config) {
        this.orders = orders;
        this.config = config;
    }

    /**
     * What PostgreSQL knows of the slot.
     *
     * @param active whether somebody reads it
     * @param walStatus lost, when PostgreSQL has removed what was not read yet
     * @param retainedWalBytes how much log PostgreSQL keeps on its disk for the slot
     * @see <a href="https://www.postgresql.org/docs/current/view-pg-replication-slots.html">pg_replication_slots</a>
     */
    record State(boolean active, String walStatus, long retainedWalBytes) {}

    /**
     * Of the outbox's slot; empty when there is no such slot.
     *
     * @throws SQLException when the database does not answer
     */
    Optional<State> state() throws SQLException {
        return state(config.slot());
    }

    Optional<State> state(String name) throws SQLException {
        try (var connection = orders.getConnection();
                var query = connection.prepareStatement("""
                        select active, coalesce(wal_status, 'unknown') as wal_status,
                               coalesce(pg_wal_lsn_diff(pg_current_wal_lsn(), restart_lsn), 0)::bigint as retained_wal
                        from pg_replication_slots
                        where slot_name = ? and database = current_database()
                        """)) {
            query.setString(1, name);
            try (var slot = query.executeQuery()) {
                return slot.next()
                        ? Optional.of(new State(
                                slot.getBoolean("active"), slot.getString("wal_status"), slot.getLong("retained_wal")))
                        : Optional.empty();
            }
        }
    }
}
