package dev.afterimage.projection.status;

import dev.afterimage.projection.sql.DatabaseAway;
import dev.afterimage.projection.sql.Notifications;
import dev.afterimage.projection.sql.Notified;
import dev.afterimage.projection.status.LogExtent.Part;
import dev.afterimage.projection.status.LogExtent.Stretch;
import io.quarkus.logging.Log;
import io.smallrye.mutiny.infrastructure.Infrastructure;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.event.Observes;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Flow;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Passes the events of all instances to the current watchers. A notification says that there are new events, and they
 * are then read from the log once for all watchers. Without watchers it costs nothing.
 */
@ApplicationScoped
class LiveEvents {

    /** The log is read at most once per pause: a reader does not see the difference, but each look costs two queries. */
    private static final Duration PAUSE = Duration.ofMillis(100);
    /** The place of a replayed dead letter, as the feed tells it. */
    private static final Pattern PLACE = Pattern.compile("(.+)-([0-9]{1,9})@([0-9]{1,18})");

    private final LoggedEvents log;
    private final Notifications notifications;
    private final Set<Watcher> watchers = ConcurrentHashMap.newKeySet();
    private final Set<Part> replayed = ConcurrentHashMap.newKeySet();
    /** Notifications since the last look. Only the first plans a look: many that wait would take all worker threads. */
    private final AtomicInteger news = new AtomicInteger();

    private volatile long nextLook = System.nanoTime();
    /** What the watchers have; guarded by this. */
    private @Nullable LogExtent passed;

    LiveEvents(LoggedEvents log, Notifications notifications) {
        this.log = log;
        this.notifications = notifications;
    }

    /** Whether there are watchers. */
    boolean watched() {
        return !watchers.isEmpty();
    }

    void notified(@Observes Notified notified) {
        if (!watched()) {
            return;
        }
        notifications.listen();
        notified.words().stream()
                .map(LiveEvents::place)
                .flatMap(Optional::stream)
                .forEach(replayed::add);
        if (news.getAndIncrement() == 0) {
            planLook();
        }
    }

    private void planLook() {
        var _ = Infrastructure.getDefaultWorkerPool()
                .schedule(this::look, Math.max(0, nextLook - System.nanoTime()), TimeUnit.NANOSECONDS);
    }

    private void look() {
        int taken = news.get();
        nextLook = System.nanoTime() + PAUSE.toNanos();
        try {
            passNew();
        } catch (DatabaseAway e) {
            Log.debugf(e, "the live stream waits for the database");
        } catch (RuntimeException e) {
            Log.errorf(e, "the live stream cannot read the event log, retrying");
        }
        if (news.addAndGet(-taken) > 0) {
            planLook();
        }
    }

    /** Never waits for a watcher: one that is too slow loses its oldest events. */
    private synchronized void passNew() {
        if (passed == null || !watched()) {
            return;
        }
        StreamPosition from = passed.end();
        List<Part> told = List.copyOf(replayed);
        replayed.removeAll(told);
        List<Part> late = told.stream()
                .filter(part -> from.isBehind(part.partition(), part.from())) // otherwise it is in the stretch
                .toList();
        LogExtent now = log.extent();
        Stretch stretch = now.newest(from, Watcher.CAPACITY);
        List<LiveEvent> events = new ArrayList<>(log.read(late));
        events.addAll(log.read(stretch.parts()));
        passed = now;
        watchers.forEach(watcher -> watcher.offer(events, stretch.left()));
    }

    /**
     * All events behind the position until the subscriber cancels.
     *
     * @param from null for the events from now on
     * @throws DatabaseAway when the database does not answer
     */
    Flow.Publisher<Watcher.Signal> watch(@Nullable StreamPosition from) {
        StreamPosition position = from == null ? log.extent().end() : from;
        return subscriber -> subscriber.onSubscribe(new Watcher(
                subscriber, Infrastructure.getDefaultExecutor(), position, this::catchUp, watchers::remove));
    }

    private void catchUp(Watcher watcher) {
        Stretch stretch = log.extent().oldest(watcher.taken(), Watcher.CAPACITY);
        if (stretch.isLast()) {
            join(watcher);
        } else {
            watcher.take(log.read(stretch.parts()), stretch.left(), stretch.end(), false);
        }
    }

    /** From here on the watcher gets each event with the others. */
    private synchronized void join(Watcher watcher) {
        if (watched()) {
            passNew();
        } else {
            passed = null;
            replayed.clear();
        }
        if (passed == null) {
            passed = log.extent();
        }
        Stretch rest = passed.newest(watcher.taken(), Watcher.CAPACITY);
        watcher.take(log.read(rest.parts()), rest.left(), rest.end(), true);
        watchers.add(watcher);
        if (watcher.isCancelled()) {
            watchers.remove(watcher);
        }
        notifications.listen();
    }

    private static Optional<Part> place(String word) {
        Matcher place = PLACE.matcher(word);
        if (!place.matches()) {
            return Optional.empty();
        }
        long offset = Long.parseLong(place.group(3));
        var partition = new StreamPosition.Partition(place.group(1), Integer.parseInt(place.group(2)));
        return Optional.of(new Part(partition, offset, offset + 1));
    }
}
