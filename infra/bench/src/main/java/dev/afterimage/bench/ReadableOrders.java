package dev.afterimage.bench;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/**
 * Tells when orders can be read in the table of a consumer. It looks by SQL, with one connection, a millisecond after the
 * last look. So the services need no request for it, and both sides are measured in the same way.
 */
final class ReadableOrders implements AutoCloseable {

    private static final Duration PAUSE = Duration.ofMillis(1);
    private static final long LIMIT_SECONDS = 30;

    private final Map<String, CompletableFuture<Long>> awaited = new ConcurrentHashMap<>();
    private final Connection connection;
    private final Thread looking;
    private volatile boolean closed;

    /** @param connection closed with this object */
    ReadableOrders(Connection connection, PeerSide.Rows rows) {
        this.connection = connection;
        this.looking = Thread.ofPlatform()
                .name("readable")
                .start(() -> look("""
                select %1$s::text from %2$s where %1$s = any (cast(? as %3$s[]))
                """.formatted(rows.id(), rows.table(), rows.type())));
    }

    /** Waits until the order is readable, and returns the {@link System#nanoTime} of that look. */
    long await(String order) throws Exception {
        return awaited.computeIfAbsent(order, _ -> new CompletableFuture<>()).get(LIMIT_SECONDS, TimeUnit.SECONDS);
    }

    private void look(String query) {
        try (PreparedStatement statement = connection.prepareStatement(query)) {
            while (!closed) {
                if (!awaited.isEmpty()) {
                    statement.setString(1, "{" + String.join(",", awaited.keySet()) + "}");
                    try (ResultSet rows = statement.executeQuery()) {
                        long now = System.nanoTime();
                        while (rows.next()) {
                            CompletableFuture<Long> order = awaited.remove(rows.getString(1));
                            if (order != null) {
                                order.complete(now);
                            }
                        }
                    }
                }
                LockSupport.parkNanos(PAUSE.toNanos());
            }
        } catch (SQLException e) {
            awaited.values().forEach(order -> order.completeExceptionally(e));
        }
    }

    @Override
    public void close() throws Exception {
        closed = true;
        looking.join();
        connection.close();
    }
}
