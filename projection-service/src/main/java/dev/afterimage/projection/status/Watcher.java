package dev.afterimage.projection.status;

import java.util.ArrayDeque;
import java.util.List;
import java.util.concurrent.Executor;
import java.util.concurrent.Flow;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** One subscriber and its waiting events: at most {@value #CAPACITY}; the oldest are dropped. */
final class Watcher implements Flow.Subscription {

    static final int CAPACITY = 1_000;

    /** A signal to a watcher. */
    sealed interface Signal {

        record Passed(LiveEvent event) implements Signal {}

        /** The number of events that were dropped here because the watcher was too slow. */
        record Dropped(long count) implements Signal {}
    }

    private final Flow.Subscriber<? super Signal> subscriber;
    private final Executor executor;
    private final Consumer<Watcher> onCancel;

    // all fields below are guarded by this
    private final ArrayDeque<LiveEvent> waiting = new ArrayDeque<>();
    private long dropped;
    private long requested;
    private boolean delivering;
    private boolean cancelled;

    Watcher(Flow.Subscriber<? super Signal> subscriber, Executor executor, Consumer<Watcher> onCancel) {
        this.subscriber = subscriber;
        this.executor = executor;
        this.onCancel = onCancel;
    }

    synchronized void offer(List<LiveEvent> events) {
        for (LiveEvent event : events) {
            if (waiting.size() == CAPACITY) {
                waiting.removeFirst();
                dropped++;
            }
            waiting.addLast(event);
        }
        deliver();
    }

    @Override
    public synchronized void request(long n) {
        requested = n > Long.MAX_VALUE - requested ? Long.MAX_VALUE : requested + n;
        deliver();
    }

    @Override
    public void cancel() {
        synchronized (this) {
            cancelled = true;
            waiting.clear();
        }
        onCancel.accept(this);
    }

    private synchronized void deliver() {
        if (!delivering && requested > 0 && !waiting.isEmpty()) {
            delivering = true;
            executor.execute(this::run);
        }
    }

    private void run() {
        for (Signal next = next(); next != null; next = next()) {
            subscriber.onNext(next);
        }
    }

    private synchronized @Nullable Signal next() {
        if (cancelled || requested == 0 || waiting.isEmpty()) {
            delivering = false;
            return null;
        }
        requested--;
        if (dropped > 0) {
            var notice = new Signal.Dropped(dropped);
            dropped = 0;
            return notice;
        }
        return new Signal.Passed(waiting.removeFirst());
    }
}
