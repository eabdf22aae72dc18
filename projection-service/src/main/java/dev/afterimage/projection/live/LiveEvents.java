package dev.afterimage.projection.live;

import io.smallrye.mutiny.infrastructure.Infrastructure;
import jakarta.enterprise.context.ApplicationScoped;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Flow;

/** Hands every event to whoever watches at the moment. Costs nothing while nobody does. */
@ApplicationScoped
public class LiveEvents {

    private final Set<Watcher> watchers = ConcurrentHashMap.newKeySet();
    /** Whether it is worth the work to build events. */
    public boolean watched() {
        return !watchers.isEmpty();
    }

    /** Never waits: a watcher that is too slow loses its oldest events. */
    public void publish(List<LiveEvent> events) {
        for (Watcher watcher : watchers) {
            watcher.offer(events);
        }
    }

    /** All that is published from the moment of subscription until the subscriber cancels. */
    Flow.Publisher<Watcher.Signal> watch() {
        return subscriber -> {
            var watcher = new Watcher(subscriber, Infrastructure.getDefaultExecutor(), watchers::remove);
            watchers.add(watcher);
            subscriber.onSubscribe(watcher);
        };
    }
}
