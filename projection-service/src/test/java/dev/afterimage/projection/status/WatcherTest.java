package dev.afterimage.projection.status;

import static org.assertj.core.api.Assertions.assertThat;

import dev.afterimage.projection.change.Effect;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Flow;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;

class WatcherTest {

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
            gone::add);

    @Test
    void handsOverOnlyWhatWasAskedFor() {
        watcher.offer(events(0, 3));
        assertThat(seen).isEmpty();
        watcher.request(2);
        assertThat(offsets()).containsExactly(0L, 1L);
        watcher.request(5);
        watcher.offer(events(3, 4));
        assertThat(offsets()).containsExactly(0L, 1L, 2L, 3L);
    }

    @Test
    void keepsTheNewestForASlowWatcherAndSaysHowManyItLost() {
        watcher.offer(events(0, Watcher.CAPACITY + 300));
        watcher.request(Long.MAX_VALUE);
        assertThat(seen.getFirst()).isEqualTo(new Watcher.Signal.Dropped(300));
        assertThat(offsets()).hasSize(Watcher.CAPACITY).startsWith(300L).endsWith(Watcher.CAPACITY + 299L);
    }

    @Test
    void isForgottenWhenItLeaves() {
        watcher.offer(events(0, 3));
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
