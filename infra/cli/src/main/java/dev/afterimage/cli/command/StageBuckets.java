package dev.afterimage.cli.command;

import java.util.Collections;
import java.util.HashMap;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The latency of each stage as projection-service counts it, from the metric {@code feed_stage_seconds}.
 *
 * @param counts for each stage and each upper bound in seconds, the number of events that took no longer
 */
record StageBuckets(Map<String, SortedMap<Double, Double>> counts) {

    private static final Pattern BUCKET =
            Pattern.compile("feed_stage_seconds_bucket\\{stage=\"(.+?)\",le=\"(.+?)\"} (.+)");

    /** Reads Prometheus' text format. */
    static StageBuckets of(String metrics) {
        Map<String, SortedMap<Double, Double>> counts = new HashMap<>();
        for (Matcher bucket = BUCKET.matcher(metrics); bucket.find(); ) {
            counts.computeIfAbsent(bucket.group(1), _ -> new TreeMap<>())
                    .put(Double.valueOf(bucket.group(2).replace("+Inf", "Infinity")), Double.valueOf(bucket.group(3)));
        }
        return new StageBuckets(counts);
    }

    /**
     * The time in milliseconds that this share of the events since {@code before} did not exceed, interpolated within a
     * bucket; NaN if there were none.
     */
    double percentile(String stage, double quantile, StageBuckets before) {
        SortedMap<Double, Double> all = counts.getOrDefault(stage, Collections.emptySortedMap());
        SortedMap<Double, Double> earlier = before.counts.getOrDefault(stage, Collections.emptySortedMap());
        double total = all.isEmpty() ? 0 : since(earlier, all.lastKey(), all);
        double bound = 0;
        double count = 0;
        for (double next : all.keySet()) {
            double reached = since(earlier, next, all);
            if (total > 0 && reached >= quantile * total) {
                double share = (quantile * total - count) / (reached - count);
                return 1000 * (Double.isInfinite(next) ? bound : bound + share * (next - bound));
            }
            bound = next;
            count = reached;
        }
        return Double.NaN;
    }

    private static double since(SortedMap<Double, Double> earlier, double bound, SortedMap<Double, Double> all) {
        return all.getOrDefault(bound, 0.0) - earlier.getOrDefault(bound, 0.0);
    }
}
