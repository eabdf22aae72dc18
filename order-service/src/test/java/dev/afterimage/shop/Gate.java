package dev.afterimage.shop;

import static org.awaitility.Awaitility.await;

import dev.afterimage.testing.Database;
import java.sql.Connection;
import java.sql.SQLException;

/**
 * Stops each transaction of the service after the first row that it inserts or deletes in the table, so that a test can
 * run others at the same time.
 */
public final class Gate implements AutoCloseable {

    private final Connection connection;
    private final String table;

    private Gate(Connection connection, String table) {
        this.connection = connection;
        this.table = table;
    }

    public static Gate behindDeletesFrom(String table) throws SQLException {
        return closed(table, "after delete on " + table, "true");
    }

    /**
     * Stops transactions that insert an outbox row with this condition.
     *
     * @param condition SQL on the row, such as {@code new.payload ->> 'op' = 'r'}
     */
    public static Gate behindOutboxRows(String condition) throws SQLException {
        return closed("outbox", "after insert on outbox", condition);
    }

    private static Gate closed(String table, String event, String condition) throws SQLException {
        var gate = new Gate(Database.ofService().connect(), table);
        gate.execute("""
                create or replace function wait_at_gate() returns trigger language plpgsql as
                $$ begin perform pg_advisory_xact_lock_shared(1); return null; end $$
                """);
        gate.execute("create trigger gate %s for each row when (%s) execute function wait_at_gate()"
                .formatted(event, condition));
        gate.execute("select pg_advisory_lock(1)");
        return gate;
    }

    /** Returns when this number of transactions waits, at the gate or for a transaction at the gate. */
    public void awaitWaiting(int transactions) {
        await().until(() -> waiting() == transactions);
    }

    private int waiting() throws SQLException {
        try (var statement = connection.createStatement();
                var count = statement.executeQuery("""
                        select count(*) from pg_stat_activity where usename = 'orders_app' and wait_event_type = 'Lock'
                        """)) {
            count.next();
            return count.getInt(1);
        }
    }

    public void open() throws SQLException {
        execute("select pg_advisory_unlock_all()");
    }

    @Override
    public void close() throws SQLException {
        try (connection) {
            open();
            execute("drop trigger gate on " + table);
        }
    }

    private void execute(String sql) throws SQLException {
        try (var statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }
}
