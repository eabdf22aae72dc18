package dev.afterimage.projection.view;

import jakarta.enterprise.context.ApplicationScoped;
import java.time.Duration;
import java.util.Collection;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;

/** Wakes those who wait for an aggregate: a reader of its own write sleeps until the feed has committed it. */
@ApplicationScoped
public class Arrivals {

    private final ConcurrentHashMap<UUID, Set<Waiter>> waiting = new ConcurrentHashMap<>();

    /** Tells that these aggregates have changed; to be called after the commit, and cheap when nobody waits. */
    public void arrived(Collection<UUID> ids) {
        if (waiting.isEmpty()) {
            return;
        }
        for (UUID id : ids) {
            waiting.getOrDefault(id, Set.of()).forEach(waiter -> waiter.woken.release());
        }
    }

    /** Begins to listen for the aggregate, so that nothing is missed between a look at the table and the wait. */
    public Waiter expect(UUID id) {
        var waiter = new Waiter(id);
        waiting.compute(id, (_, others) -> {
            Set<Waiter> all = others == null ? ConcurrentHashMap.newKeySet() : others;
            all.add(waiter);
            return all;
        });
        return waiter;
    }

    /** One reader's wait for one aggregate. */
    public final class Waiter implements AutoCloseable {

        private final UUID id;
        private final Semaphore woken = new Semaphore(0);

        private Waiter(UUID id) {
            this.id = id;
        }

        /** Returns when the aggregate has changed since the last call, or when the time is over. */
        public void await(Duration limit) throws InterruptedException {
            boolean _ = woken.tryAcquire(limit.toNanos(), TimeUnit.NANOSECONDS);
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
