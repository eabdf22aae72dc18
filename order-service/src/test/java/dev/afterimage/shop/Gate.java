package dev.afterimage.shop;

import static org.awaitility.Awaitility.await;

import dev.afterimage.shop.outbox.Wal;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;

/** Stops a transaction at the outbox, its rows locked and nothing committed, until it is opened. */
public final class Gate implements AutoCloseable {
    private final Connection keeper;

    /** @param when the condition on the outbox row that is inserted, such as {@code new.payload ->> 'op' = 'r'} */
    public Gate(String when) throws SQLException {
        keeper = Wal.superuser();
        execute("""
                create function wait_at_the_gate() returns trigger language plpgsql as
                $$ begin perform pg_advisory_xact_lock(4711); return null; end $$;
                create trigger gate after insert on outbox for each row when (%s) execute function wait_at_the_gate();
                select pg_advisory_lock(4711)
                """.formatted(when));
    }

    /** Returns when one stands there. */
    public void awaitArrival() {
        await().atMost(Duration.ofSeconds(20)).until(() -> count("locktype = 'advisory'") == 1);
    }

    /** Returns when another transaction waits for one that stands there. */
    public void awaitQueue() {
        await().atMost(Duration.ofSeconds(20)).until(() -> count("locktype in ('transactionid', 'tuple')") > 0);
    }

    private long count(String locks) throws SQLException {
        try (var statement = keeper.createStatement();
                var rows = statement.executeQuery("select count(*) from pg_locks where not granted and " + locks)) {
            rows.next();
            return rows.getLong(1);
        }
    }

    private void execute(String sql) throws SQLException {
        try (var statement = keeper.createStatement()) {
            statement.execute(sql);
        }
    }

    /** Opens it for good; who stands there first goes on, and only then the trigger can go. */
    @Override
    public void close() throws SQLException {
        try (keeper) {
            execute("select pg_advisory_unlock(4711)");
            execute("drop trigger gate on outbox; drop function wait_at_the_gate()");
        }
    }
}
