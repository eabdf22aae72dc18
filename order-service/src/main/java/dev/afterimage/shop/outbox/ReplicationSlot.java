package dev.afterimage.shop.outbox;

import jakarta.enterprise.context.ApplicationScoped;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import javax.sql.DataSource;

/** Queries PostgreSQL for the replication slots of this database, and for the outbox. */
@ApplicationScoped
class ReplicationSlot {

    private final DataSource orders;
    private final OutboxConfig config;

    ReplicationSlot(@io.quarkus.agroal.DataSource("probes") DataSource orders, OutboxConfig config) {
        this.orders = orders;
        this.config = config;
    }

    /**
     * The state of a slot.
     *
     * @param active whether the slot has a reader
     * @param walStatus PostgreSQL's wal_status; {@code lost} when PostgreSQL has removed WAL that was not read
     * @param retainedWalBytes the WAL that PostgreSQL keeps on its disk for the slot
     * @see <a href="https://www.postgresql.org/docs/current/view-pg-replication-slots.html">pg_replication_slots</a>
     */
    record State(boolean active, String walStatus, long retainedWalBytes) {}

    /**
     * The state of the outbox's slot; empty if the slot does not exist.
     *
     * @throws SQLException when the database does not answer
     */
    Optional<State> state() throws SQLException {
        return state(config.slot());
    }

    Optional<State> state(String names) throws SQLException {
        return query(
                """
                with slot as (
                  select slot_name, active, wal_status, restart_lsn
                  from unnest(string_to_array(?, ',')) as name
                  left join pg_replication_slots on slot_name = name and database = current_database()
                )
                select bool_and(active) as active,
                       coalesce((array_agg(wal_status order by
                         array_position(array['lost', 'unreserved', 'extended'], wal_status)))[1], 'unknown') as wal_status,
                       coalesce(max(pg_wal_lsn_diff(pg_current_wal_lsn(), restart_lsn)), 0)::bigint as retained_wal
                from slot having bool_and(slot_name is not null)
                """,
                names,
                slot -> slot.next()
                        ? Optional.of(new State(
                                slot.getBoolean("active"), slot.getString("wal_status"), slot.getLong("retained_wal")))
                        : Optional.empty());
    }

    /**
     * The other slots of this database: of the tables' connector, of recipes, of deleted connectors.
     *
     * @param inactive the number of slots without a reader
     * @param retainedWalBytes the most WAL that PostgreSQL keeps for one of them
     */
    record Others(long inactive, long retainedWalBytes) {}

    /** @throws SQLException when the database does not answer */
    Others others() throws SQLException {
        return query("""
                select count(*) filter (where not active) as inactive,
                       coalesce(max(pg_wal_lsn_diff(pg_current_wal_lsn(), restart_lsn)), 0)::bigint as retained_wal
                from pg_replication_slots
                where database = current_database() and slot_name <> all (string_to_array(?, ','))
                """, config.slot(), slots -> {
            slots.next();
            return new Others(slots.getLong("inactive"), slots.getLong("retained_wal"));
        });
    }

    /** The end of the WAL, and the position that the reader of a slot has confirmed. */
    record Position(long logEnd, long confirmed) {}

    /**
     * The positions of these slots, by name; a slot that does not exist is missing.
     *
     * @throws SQLException when the database does not answer
     */
    Map<String, Position> positions(String names) throws SQLException {
        return query("""
                select pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')::bigint as log_end, slot_name,
                       pg_wal_lsn_diff(confirmed_flush_lsn, '0/0')::bigint as confirmed
                from pg_replication_slots
                where database = current_database() and slot_name = any (string_to_array(?, ','))
                """, names, slot -> {
            Map<String, Position> positions = new HashMap<>();
            while (slot.next()) {
                positions.put(
                        slot.getString("slot_name"), new Position(slot.getLong("log_end"), slot.getLong("confirmed")));
            }
            return positions;
        });
    }

    /**
     * The number of rows that stayed in the outbox, counted up to 1,000. Any number above 0 is a defect.
     *
     * @throws SQLException when the database does not answer
     */
    long lingeringRows() throws SQLException {
        return query("select count(*) from (select from outbox limit ?::int) as lingering", "1000", count -> {
            count.next();
            return count.getLong(1);
        });
    }

    private interface Reader<T> {

        T read(ResultSet rows) throws SQLException;
    }

    private <T> T query(String sql, String parameter, Reader<T> reader) throws SQLException {
        try (var connection = orders.getConnection();
                var query = connection.prepareStatement(sql)) {
            query.setString(1, parameter);
            try (var rows = query.executeQuery()) {
                return reader.read(rows);
            }
        }
    }
}
