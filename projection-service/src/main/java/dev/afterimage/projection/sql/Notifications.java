package dev.afterimage.projection.sql;

import dev.afterimage.projection.sql.Sql.Values;
import io.quarkus.logging.Log;
import io.quarkus.runtime.ShutdownEvent;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.event.Event;
import jakarta.enterprise.event.Observes;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import javax.sql.DataSource;
import org.postgresql.PGConnection;
import org.postgresql.PGNotification;

/**
 * Tells all instances what a transaction has applied, by PostgreSQL's NOTIFY. The database sends it with the commit.
 *
 * <p>An instance listens on one connection of the pool, and only while somebody needs it. A lost connection is opened
 * again; afterwards a {@link Notified} says that anything may have changed.
 */
@ApplicationScoped
public class Notifications {

    private static final String CHANNEL = "applied";
    private static final String LISTEN = "listen " + CHANNEL;
    private static final String TELL = "select pg_notify('" + CHANNEL + "', payload) from unnest(?::text[]) as payload";
    /** Stands for words that did not fit. */
    private static final String MANY = "*";
    /** PostgreSQL allows less than 8,000 bytes. */
    private static final int MAX_PAYLOAD = 7_900;

    private static final Duration NEEDED_FOR = Duration.ofSeconds(30);
    private static final Duration WAIT = Duration.ofSeconds(1);
    /** A connection that is silent for so long is checked. */
    private static final Duration SILENCE = Duration.ofSeconds(5);

    private static final Duration MAX_BACKOFF = Duration.ofSeconds(5);

    private final DataSource dataSource;
    private final Event<Notified> event;
    // both guarded by this
    private boolean listening;
    private long neededUntil;

    private volatile boolean stopping;

    Notifications(DataSource dataSource, Event<Notified> event) {
        this.dataSource = dataSource;
        this.event = event;
    }

    /**
     * Tells these words when the transaction of this round trip commits. Words have no spaces. If they do not fit, none
     * is told, and the listeners know it.
     */
    public void tell(RoundTrip writes, Collection<String> words) {
        String payload = String.join(" ", words);
        writes.add(TELL, List.of(new Values("text", new String[] {payload.length() > MAX_PAYLOAD ? MANY : payload})));
    }

    /** Listens for at least the next {@code NEEDED_FOR}; cheap if it listens already. */
    public synchronized void listen() {
        neededUntil = System.nanoTime() + NEEDED_FOR.toNanos();
        if (!listening && !stopping) {
            listening = true;
            Thread.ofVirtual().name("notifications").start(this::run);
        }
    }

    void stop(@Observes ShutdownEvent shutdown) {
        stopping = true;
    }

    private synchronized boolean isNeeded() {
        listening = !stopping && System.nanoTime() < neededUntil;
        return listening;
    }

    private void run() {
        Duration backoff = Duration.ZERO;
        while (isNeeded()) {
            long begun = System.nanoTime();
            try (Connection connection = dataSource.getConnection()) {
                hear(connection);
            } catch (SQLException e) {
                boolean lasted = System.nanoTime() - begun > MAX_BACKOFF.toNanos();
                backoff = lasted
                        ? Duration.ofMillis(100)
                        : backoff.multipliedBy(2).plusMillis(100);
                backoff = backoff.compareTo(MAX_BACKOFF) > 0 ? MAX_BACKOFF : backoff;
                Log.debugf(e, "not listening, retrying in %d ms", backoff.toMillis());
                pause(backoff);
            }
        }
    }

    private void hear(Connection connection) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute(LISTEN);
            try {
                event.fire(new Notified(false, Set.of()));
                var source = connection.unwrap(PGConnection.class);
                long heardAt = System.nanoTime();
                while (isNeeded()) {
                    PGNotification[] heard = source.getNotifications((int) WAIT.toMillis());
                    if (heard != null && heard.length > 0) {
                        event.fire(notified(heard));
                        heardAt = System.nanoTime();
                    } else if (System.nanoTime() - heardAt > SILENCE.toNanos()) {
                        statement.execute(LISTEN); // fails if the connection is dead
                        event.fire(new Notified(false, Set.of()));
                        heardAt = System.nanoTime();
                    }
                }
            } finally {
                statement.execute("unlisten " + CHANNEL);
            }
        }
    }

    private static Notified notified(PGNotification[] heard) {
        Set<String> words = new HashSet<>();
        for (PGNotification each : heard) {
            words.addAll(List.of(each.getParameter().split(" ", -1)));
        }
        return new Notified(!words.contains(MANY), words);
    }

    private static void pause(Duration pause) {
        try {
            Thread.sleep(pause);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
