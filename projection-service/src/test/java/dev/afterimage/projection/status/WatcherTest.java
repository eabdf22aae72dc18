package dev.afterimage.projection.status;

import static org.assertj.core.api.Assertions.assertThat;

import dev.afterimage.projection.change.Effect;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Flow;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;

class WatcherTest {

    private static final StreamPosition.Partition PARTITION = new StreamPosition.Partition("order.events", 0);

    private final List<Watcher.Signal> seen = new ArrayList<>();
    private final List<Watcher> gone = new ArrayList<>();
    private final Watcher watcher = new Watcher(
            new Flow.Subscriber<Watcher.Signal>() {
                @Override
                public void onSubscribe(Flow.Subscription subscription) {}

                @Override
                public void onNext(Watcher.Signal signal) {
                    seen.add(signal);
                }

                @Override
                public void onError(Throwable problem) {}

                @Override
                public void onComplete() {}
            },
            Runnable::run,
            new StreamPosition(Map.of()),
            this::catchUp,
            gone::add);

    private long logged;

    /** Takes two events at a time from the log, until {@link #logged}. */
    private void catchUp(Watcher behind) {
        Long taken = behind.taken().next(PARTITION);
        long from = taken == null ? 0 : taken;
        long until = Math.min(logged, from + 2);
        behind.take(events(from, until), 0, new StreamPosition(Map.of(PARTITION, until)), until == logged);
    }

    @Test
    void takesWhatItMissedFromTheLogOnlyAsFastAsItIsAskedFor() {
        logged = 5;
        watcher.request(3);
        assertThat(offsets()).containsExactly(0L, 1L, 2L);
        assertThat(watcher.taken().next(PARTITION)).isEqualTo(4);
        watcher.request(10);
        watcher.offer(events(5, 7), 0);
        assertThat(offsets()).containsExactly(0L, 1L, 2L, 3L, 4L, 5L, 6L);
        assertThat(((Watcher.Signal.Passed) seen.getLast()).position()).isEqualTo("order.events:0@7");
    }

    @Test
    void handsOverOnlyWhatWasAskedFor() {
        catchUp(watcher);
        watcher.offer(events(0, 3), 0);
        assertThat(seen).isEmpty();
        watcher.request(2);
        assertThat(offsets()).containsExactly(0L, 1L);
        watcher.request(5);
        watcher.offer(events(3, 4), 0);
        assertThat(offsets()).containsExactly(0L, 1L, 2L, 3L);
    }

    @Test
    void keepsTheNewestForASlowWatcherAndSaysHowManyItLost() {
        catchUp(watcher);
        watcher.offer(events(0, Watcher.CAPACITY + 300), 0);
        watcher.request(Long.MAX_VALUE);
        assertThat(seen.getFirst()).isEqualTo(new Watcher.Signal.Dropped(300));
        assertThat(offsets()).hasSize(Watcher.CAPACITY).startsWith(300L).endsWith(Watcher.CAPACITY + 299L);
    }

    @Test
    void isForgottenWhenItLeaves() {
        watcher.offer(events(0, 3), 0);
        watcher.cancel();
        watcher.request(1);
        assertThat(seen).isEmpty();
        assertThat(gone).containsExactly(watcher);
    }

    private List<Long> offsets() {
        return seen.stream()
                .filter(Watcher.Signal.Passed.class::isInstance)
                .map(signal -> ((Watcher.Signal.Passed) signal).event().offset())
                .toList();
    }

    private static List<LiveEvent> events(long from, long to) {
        return LongStream.range(from, to)
                .mapToObj(offset -> new LiveEvent(
                        "order.events",
                        0,
                        offset,
                        null,
                        null,
                        null,
                        null,
                        null,
                        Instant.EPOCH,
                        null,
                        Effect.APPLIED,
                        null,
                        null,
                        null))
                .toList();
    }
}
