package dev.afterimage.projection.live;

import io.smallrye.mutiny.infrastructure.Infrastructure;
import jakarta.enterprise.context.ApplicationScoped;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Flow;

/** Passes each event to the current watchers. Without watchers it costs nothing. */
@ApplicationScoped
public class LiveEvents {

    private final Set<Watcher> watchers = ConcurrentHashMap.newKeySet();
    /** Whether there are watchers; otherwise no event needs to be built. */
    public boolean watched() {
        return !watchers.isEmpty();
    }

    /** Never blocks: a watcher that is too slow loses its oldest events. */
    public void publish(List<LiveEvent> events) {
        for (Watcher watcher : watchers) {
            watcher.offer(events);
        }
    }

    /** All events from the subscription until the subscriber cancels. */
    Flow.Publisher<Watcher.Signal> watch() {
        return subscriber -> {
            var watcher = new Watcher(subscriber, Infrastructure.getDefaultExecutor(), watchers::remove);
            watchers.add(watcher);
            subscriber.onSubscribe(watcher);
        };
    }
}
