package dev.afterimage.projection.stats;

import dev.afterimage.projection.feed.FeedProgress;
import io.micrometer.core.instrument.Timer;
import io.micrometer.core.instrument.distribution.HistogramSnapshot;
import io.quarkus.runtime.annotations.RegisterForReflection;
import java.util.Arrays;
import java.util.Collections;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * The service in figures.
 *
 * @param aggregates by the name of the aggregate
 */
public record Stats(Map<String, Aggregate> aggregates, FeedProgress feed, Latency latency) {

    public Stats {
        aggregates = Collections.unmodifiableMap(new TreeMap<>(aggregates)); // in the same order each time
    }

    /**
     * What came of one kind of aggregate, by all instances since the event log was begun, and what there is of it.
     *
     * @param rows how many the read model holds
     */
    @RegisterForReflection
    public record Aggregate(long creates, long updates, long deletes, long snapshots, long rows) {}

    /**
     * From the commit at the source to the commit here, in milliseconds.
     *
     * @param count how many events this instance has applied since it was started
     * @param p50Ms the percentiles are those of its last minutes, null where there was nothing to apply
     */
    @RegisterForReflection
    public record Latency(
            long count,
            @Nullable Double p50Ms,
            @Nullable Double p90Ms,
            @Nullable Double p99Ms) {

        static Latency of(Timer timer) {
            HistogramSnapshot snapshot = timer.takeSnapshot();
            return new Latency(
                    snapshot.count(), percentile(snapshot, 0.5), percentile(snapshot, 0.9), percentile(snapshot, 0.99));
        }

        private static @Nullable Double percentile(HistogramSnapshot snapshot, double percentile) {
            return Arrays.stream(snapshot.percentileValues())
                    .filter(value -> value.percentile() == percentile)
                    .map(value -> value.value(TimeUnit.MILLISECONDS))
                    .filter(value -> value > 0) // zero stands for an empty window
                    .findFirst()
                    .orElse(null);
        }
    }
}
