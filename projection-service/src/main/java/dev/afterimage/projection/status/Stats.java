package dev.afterimage.projection.status;

import dev.afterimage.projection.feed.FeedProgress;
import io.micrometer.core.instrument.Timer;
import io.micrometer.core.instrument.distribution.HistogramSnapshot;
import io.quarkus.runtime.annotations.RegisterForReflection;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * The statistics of the service.
 *
 * @param aggregates by the name of the aggregate
 * @param latency from the commit at the source to the commit in this service
 * @param stages the parts of this time, by the name of the stage
 * @param replicaOldestUnreadMs the age of the oldest change that the replica's sink has not read; 0 without a replica
 */
public record Stats(
        Map<String, Aggregate> aggregates,
        FeedProgress feed,
        Latency latency,
        Map<String, Latency> stages,
        long replicaOldestUnreadMs) {

    public Stats {
        aggregates = Collections.unmodifiableMap(new TreeMap<>(aggregates)); // sorted, for a stable order
        stages = Collections.unmodifiableMap(new LinkedHashMap<>(stages)); // in the order of the way
    }

    /**
     * The events of one kind of aggregate, counted over all instances since the start of the event log, and its current
     * rows.
     *
     * @param rows the number of rows in the read model
     */
    @RegisterForReflection
    public record Aggregate(long creates, long updates, long deletes, long snapshots, long rows) {}

    /**
     * A time in milliseconds.
     *
     * @param count the number of events that this instance has applied since its start
     * @param p50Ms the percentiles cover the last minutes; null if nothing was applied
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
