package dev.afterimage.projection.rebuild;

import dev.afterimage.projection.sql.Database;
import dev.afterimage.projection.sql.Sql;
import jakarta.enterprise.context.ApplicationScoped;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.OffsetDateTime;
import java.util.Optional;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** The table {@code cdc_raw.rebuilds}. */
@ApplicationScoped
class Rebuilds {

    // Waits for transactions that apply records. Every later replay of dead letters then sees that a rebuild runs.
    private static final String START = "lock table cdc_raw.positions in exclusive mode";

    private static final String INSERT = """
            insert into cdc_raw.rebuilds (id, source, incomplete, status) values (?, ?, ?, 'RUNNING')
                on conflict (status) where status = 'RUNNING' do nothing
            """;

    private static final String END = """
            update cdc_raw.rebuilds
               set status = ?, events = ?, error = ?, ended_at = clock_timestamp()
             where id = ? and status = 'RUNNING'
            """;

    private static final String CANCEL = """
            update cdc_raw.rebuilds set status = 'FAILED', error = 'It was cancelled.', ended_at = clock_timestamp()
             where id = ? and status = 'RUNNING'
            """;

    /** Ends only the statements that take long. Every other statement of the rebuild must complete, above all the unlock. */
    private static final String INTERRUPT = """
            select pg_cancel_backend(a.pid)
              from pg_locks l join pg_stat_activity a on a.pid = l.pid
             where l.locktype = 'advisory' and l.classid = 0 and l.objid = ? and l.granted
               and a.datname = current_database() and a.state = 'active' and a.query ~* '^(create .*index|analyze) '
            """;

    private final Database database;

    Rebuilds(Database database) {
        this.database = database;
    }

    /** Returns false if a rebuild is running. */
    boolean start(UUID id, String source, boolean incomplete) {
        return database.with(connection -> {
            connection.setAutoCommit(false);
            try {
                Sql.run(connection, START);
                boolean started = Sql.run(connection, INSERT, id, source, incomplete) == 1;
                connection.commit();
                return started;
            } catch (SQLException e) {
                connection.rollback();
                throw e;
            }
        });
    }

    /**
     * A rebuild that was started and has not ended.
     *
     * @param incomplete whether to accept a history without its beginning
     */
    record Running(UUID id, String source, boolean incomplete) {}

    /** The running rebuild, as the caller's transaction sees it. */
    static Optional<Running> running(Connection connection) throws SQLException {
        return Sql.first(
                connection,
                "select id, source, incomplete from cdc_raw.rebuilds where status = 'RUNNING'",
                row -> new Running(
                        row.getObject("id", UUID.class), row.getString("source"), row.getBoolean("incomplete")));
    }

    /** Ends the rebuild in the caller's transaction; returns false if the rebuild is not running any more. */
    static boolean end(Connection connection, UUID id, Rebuild.Status status, long events, @Nullable String error)
            throws SQLException {
        return Sql.run(connection, END, status.name(), events, error, id) == 1;
    }

    /** Cancels the rebuild if it is running; returns false if there was no such rebuild. */
    boolean cancel(UUID id) {
        return database.with(connection -> {
            if (Sql.run(connection, CANCEL, id) == 1) {
                Sql.run(connection, INTERRUPT, RebuildRunner.LOCK);
                return true;
            }
            return byId(connection, id).isPresent();
        });
    }

    Optional<Rebuild> byId(UUID id) {
        return database.with(connection -> byId(connection, id));
    }

    private static Optional<Rebuild> byId(Connection connection, UUID id) throws SQLException {
        return Sql.first(
                connection, "select * from cdc_raw.rebuilds where id = ?", row -> rebuild(connection, row), id);
    }

    private static Rebuild rebuild(Connection connection, ResultSet row) throws SQLException {
        Rebuild.Status status = Rebuild.Status.valueOf(row.getString("status"));
        var progress = status == Rebuild.Status.RUNNING
                ? ShadowModel.progress(connection, row.getObject("id", UUID.class))
                : new ShadowModel.Progress(row.getLong("events"), status == Rebuild.Status.DONE ? 1 : 0);
        OffsetDateTime ended = row.getObject("ended_at", OffsetDateTime.class);
        return new Rebuild(
                row.getObject("id", UUID.class),
                row.getString("source"),
                status,
                Sql.instant(row, "started_at"),
                ended == null ? null : ended.toInstant(),
                progress.events(),
                progress.part(),
                row.getString("error"));
    }
}
