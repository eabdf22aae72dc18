package dev.afterimage.projection.status;

import dev.afterimage.projection.feed.CommittedRecords;
import dev.afterimage.projection.feed.ReceivedRecord;
import io.smallrye.mutiny.infrastructure.Infrastructure;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.event.Observes;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Flow;

/** Passes each event to the current watchers. Without watchers it costs nothing. */
@ApplicationScoped
class LiveEvents {

    private final Set<Watcher> watchers = ConcurrentHashMap.newKeySet();

    /** Whether there are watchers. */
    boolean watched() {
        return !watchers.isEmpty();
    }

    /** Never blocks: a watcher that is too slow loses its oldest events. Rows of tables are no events. */
    void publish(@Observes CommittedRecords committed) {
        if (!watched()) {
            return;
        }
        List<LiveEvent> events = committed.outcomes().stream()
                .filter(outcome -> !(outcome.received() instanceof ReceivedRecord.Row))
                .map(outcome -> LiveEvent.of(outcome, committed.appliedAt()))
                .toList();
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
