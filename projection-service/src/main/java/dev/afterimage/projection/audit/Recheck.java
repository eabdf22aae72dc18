package dev.afterimage.projection.audit;

import dev.afterimage.projection.audit.AuditConfig.Route;
import dev.afterimage.projection.audit.Rows.Unreadable;
import dev.afterimage.projection.audit.Table.Row;
import dev.afterimage.projection.audit.Table.RowKey;
import dev.afterimage.projection.audit.TableComparison.Candidate;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.apache.kafka.common.TopicPartition;
import org.jspecify.annotations.Nullable;

/**
 * Distinguishes rows of one follower that are different from rows whose changes are still in flight. The description of
 * the package explains how.
 */
final class Recheck {

    private static final Duration PAUSE = Duration.ofMillis(250);
    private static final int CHUNK = 500;

    private final Rows source;
    private final Rows follower;
    private final Route route;
    private final GroupTopics topics;
    private final Runnable progress;

    /** @param progress is called between two rounds; an exception from it ends the audit */
    Recheck(Rows source, Rows follower, Route route, GroupTopics topics, Runnable progress) {
        this.source = source;
        this.follower = follower;
        this.route = route;
        this.topics = topics;
        this.progress = progress;
    }

    /**
     * A position in the source's WAL. A difference that a change in flight could resolve counts only after the follower
     * has passed the cut.
     */
    private final class Cut {

        private final String position;
        private @Nullable Map<TopicPartition, Long> ends;
        private String waitsFor = "";

        Cut() throws Unreadable {
            position = source.position();
        }

        boolean passed() throws Unreadable {
            try {
                if (ends == null) {
                    Optional<Boolean> confirmed = source.confirmed(route.slot(), position);
                    if (confirmed.isEmpty() || !confirmed.get()) {
                        waitsFor = confirmed.isEmpty()
                                ? "there is no replication slot %s".formatted(route.slot())
                                : "the replication slot %s has not confirmed %s".formatted(route.slot(), position);
                        return false;
                    }
                    // the slot confirms a position when the topics have its changes
                    ends = topics.ends(route.topics(), route.group());
                }
                waitsFor = "the consumer group %s has not read all of %s"
                        .formatted(route.group(), String.join(", ", route.topics()));
                return topics.passed(ends, route.group());
            } catch (IOException e) {
                waitsFor = String.valueOf(e.getMessage());
                return false;
            }
        }
    }

    /**
     * Rereads the pending rows until each is settled. Returns the reason if rows are unsettled when the time is over;
     * otherwise empty.
     */
    Optional<String> settle(List<TableComparison> comparisons, Duration limit) throws Unreadable, InterruptedException {
        long deadline = System.nanoTime() + limit.toNanos();
        var cut = new Cut();
        while (true) {
            boolean passed = cut.passed();
            for (TableComparison comparison : comparisons) {
                look(comparison, passed);
            }
            if (comparisons.stream().allMatch(comparison -> comparison.pending.isEmpty())) {
                return Optional.empty();
            }
            if (System.nanoTime() > deadline) {
                return Optional.of(passed ? "the source changes the same rows too often" : cut.waitsFor);
            }
            if (passed) {
                comparisons.forEach(comparison -> comparison.pending.forEach(candidate -> candidate.late = false));
                cut = new Cut();
            }
            progress.run();
            TimeUnit.NANOSECONDS.sleep(PAUSE.toNanos());
        }
    }

    private void look(TableComparison comparison, boolean passed) throws Unreadable {
        List<Candidate> unsettled = new ArrayList<>();
        for (int from = 0; from < comparison.pending.size(); from += CHUNK) {
            List<Candidate> chunk = comparison.pending.subList(from, Math.min(comparison.pending.size(), from + CHUNK));
            List<UUID> ids = chunk.stream()
                    .map(candidate -> candidate.key.id())
                    .distinct()
                    .collect(Collectors.toList());
            Map<RowKey, Row> there = follower.look(comparison.table, ids);
            Map<RowKey, Row> here = source.look(comparison.table, ids);
            for (Candidate candidate : chunk) {
                comparison.reread(candidate, here.get(candidate.key), there.get(candidate.key));
                if (candidate.isEqual()) {
                    comparison.settledAsEqual();
                } else if (candidate.isDifferentAtOneVersion() || (passed && !candidate.late)) {
                    comparison.differing.add(candidate);
                } else {
                    unsettled.add(candidate);
                }
            }
        }
        comparison.pending = unsettled;
    }
}
