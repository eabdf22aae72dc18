package dev.afterimage.projection.status;

import java.util.ArrayDeque;
import java.util.List;
import java.util.concurrent.Executor;
import java.util.concurrent.Flow;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * One subscriber and its waiting events. At first it is behind, and takes the events from the log as fast as it delivers
 * them. Once it has caught up, events are offered to it: at most {@value #CAPACITY} wait, and the oldest are dropped.
 */
final class Watcher implements Flow.Subscription {

    static final int CAPACITY = 1_000;

    /** A signal to a watcher. */
    sealed interface Signal {

        /**
         * An event.
         *
         * @param position behind the event
         */
        record Passed(LiveEvent event, String position) implements Signal {}

        /** The number of events that were dropped here because the watcher was too slow. */
        record Dropped(long count) implements Signal {}
    }

    private final Flow.Subscriber<? super Signal> subscriber;
    private final Executor executor;
    private final Consumer<Watcher> catchUp;
    private final Consumer<Watcher> onCancel;

    // all fields below are guarded by this
    private final ArrayDeque<LiveEvent> waiting = new ArrayDeque<>();
    /** Behind the last delivered event. */
    private final StreamPosition delivered;
    /** Behind the last event that was taken from the log. */
    private StreamPosition taken;

    private boolean isBehind = true;
    private long dropped;
    private long requested;
    private boolean delivering;
    private boolean cancelled;

    /**
     * @param from the position of the first event
     * @param catchUp called while the watcher is behind and has delivered all waiting events
     */
    Watcher(
            Flow.Subscriber<? super Signal> subscriber,
            Executor executor,
            StreamPosition from,
            Consumer<Watcher> catchUp,
            Consumer<Watcher> onCancel) {
        this.subscriber = subscriber;
        this.executor = executor;
        this.delivered = from.copy();
        this.taken = from;
        this.catchUp = catchUp;
        this.onCancel = onCancel;
    }

    synchronized StreamPosition taken() {
        return taken;
    }

    synchronized boolean isCancelled() {
        return cancelled;
    }

    /**
     * Adds events that follow {@link #taken}.
     *
     * @param left the number of events before them that are not in the log, or too many
     * @param isLast whether further events will be offered
     */
    synchronized void take(List<LiveEvent> events, long left, StreamPosition end, boolean isLast) {
        taken = end;
        isBehind = !isLast;
        offer(events, left);
    }

    /**
     * Adds events that follow the last ones.
     *
     * @param left the number of events before these that are left out
     */
    synchronized void offer(List<LiveEvent> events, long left) {
        dropped += left;
        for (LiveEvent event : events) {
            if (waiting.size() == CAPACITY) {
                delivered.pass(waiting.removeFirst());
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

    private boolean isIdle() {
        return cancelled || requested == 0 || (waiting.isEmpty() && dropped == 0 && !isBehind);
    }

    private synchronized void deliver() {
        if (!delivering && !isIdle()) {
            delivering = true;
            executor.execute(this::run);
        }
    }

    private void run() {
        while (goesOn()) {
            Signal next = next();
            if (next != null) {
                subscriber.onNext(next);
            } else {
                try {
                    catchUp.accept(this);
                } catch (RuntimeException e) { // the client connects again, and continues
                    cancel();
                    subscriber.onComplete();
                }
            }
        }
    }

    private synchronized boolean goesOn() {
        delivering = !isIdle();
        return delivering;
    }

    /** The next signal; null if there is none yet. */
    private synchronized @Nullable Signal next() {
        if (dropped > 0) {
            requested--;
            var notice = new Signal.Dropped(dropped);
            dropped = 0;
            return notice;
        }
        LiveEvent event = waiting.pollFirst();
        if (event == null) {
            return null;
        }
        requested--;
        delivered.pass(event);
        return new Signal.Passed(event, delivered.toString());
    }
}
