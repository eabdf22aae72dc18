package dev.afterimage.projection.view;

import dev.afterimage.projection.sql.Notifications;
import dev.afterimage.projection.sql.Notified;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.event.Observes;
import java.time.Duration;
import java.util.Collection;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;

/**
 * Wakes requests that wait for a version of an aggregate, when the feed of this or of another instance has committed a
 * change of it.
 */
@ApplicationScoped
public class Arrivals {

    /** A request looks at least this often by itself, because a notification may be lost with its connection. */
    private static final Duration LONGEST_SLEEP = Duration.ofSeconds(1);

    private final ConcurrentHashMap<UUID, Set<Waiter>> waiting = new ConcurrentHashMap<>();
    private final Notifications notifications;

    Arrivals(Notifications notifications) {
        this.notifications = notifications;
    }

    /**
     * Wakes the requests that wait for these aggregates. Call it after the commit; it is cheap when no request waits.
     */
    public void arrived(Collection<UUID> ids) {
        if (waiting.isEmpty()) {
            return;
        }
        for (UUID id : ids) {
            waiting.getOrDefault(id, Set.of()).forEach(waiter -> waiter.woken.release());
        }
    }

    /** Another instance names the aggregates that it has changed. Words that are no ids wake nobody. */
    void notified(@Observes Notified notified) {
        waiting.forEach((id, waiters) -> {
            if (!notified.isComplete() || notified.words().contains(id.toString())) {
                waiters.forEach(waiter -> waiter.woken.release());
            }
        });
    }

    /**
     * Registers a waiter for the aggregate. Register before reading the table, so that no change between the read and
     * the wait is missed.
     */
    public Waiter expect(UUID id) {
        var waiter = new Waiter(id);
        waiting.compute(id, (_, others) -> {
            Set<Waiter> all = others == null ? ConcurrentHashMap.newKeySet() : others;
            all.add(waiter);
            return all;
        });
        notifications.listen();
        return waiter;
    }

    /** One request that waits for one aggregate. */
    public final class Waiter implements AutoCloseable {

        private final UUID id;
        private final Semaphore woken = new Semaphore(0);

        private Waiter(UUID id) {
            this.id = id;
        }

        /**
         * Returns when the aggregate has changed since the last call, when the time limit is over, or after a second.
         */
        public void await(Duration limit) throws InterruptedException {
            notifications.listen();
            boolean _ = woken.tryAcquire(Math.min(limit.toNanos(), LONGEST_SLEEP.toNanos()), TimeUnit.NANOSECONDS);
            woken.drainPermits();
        }

        @Override
        public void close() {
            waiting.computeIfPresent(id, (_, all) -> {
                all.remove(this);
                return all.isEmpty() ? null : all;
            });
        }
    }
}
