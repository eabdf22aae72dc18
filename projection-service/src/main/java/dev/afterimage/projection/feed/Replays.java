package dev.afterimage.projection.feed;

import dev.afterimage.projection.Refusal;
import dev.afterimage.projection.change.TopicReader;
import dev.afterimage.projection.deadletter.DeadLetter;
import dev.afterimage.projection.deadletter.DeadLetterMetrics;
import dev.afterimage.projection.deadletter.DeadLetterTable;
import dev.afterimage.projection.sql.DatabaseAway;
import io.quarkus.runtime.annotations.RegisterForReflection;
import jakarta.enterprise.context.ApplicationScoped;
import java.sql.SQLException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Reads and applies dead letters again. Replays may run at the same time as the feed and as other replays: the version
 * check ignores outdated events, and each letter is locked until it is removed or refused again.
 */
@ApplicationScoped
class Replays {

    /** The number of letters in one transaction, and in memory. */
    private static final int BATCH = 50;

    private final DeadLetterTable letters;
    private final TopicReader reader;
    private final BatchApplier applier;
    private final OutcomePublisher publisher;
    private final DeadLetterMetrics metrics;

    Replays(
            DeadLetterTable letters,
            TopicReader reader,
            BatchApplier applier,
            OutcomePublisher publisher,
            DeadLetterMetrics metrics) {
        this.letters = letters;
        this.reader = reader;
        this.applier = applier;
        this.publisher = publisher;
        this.metrics = metrics;
    }

    /**
     * The number of replayed letters by outcome.
     *
     * @param replayed the sum of the other numbers
     * @param refused letters that stay, with the reason of this attempt
     */
    @RegisterForReflection
    record ReplayCounts(long replayed, long applied, long ignored, long refused) {

        static ReplayCounts of(List<Outcome> outcomes) {
            long applied = 0;
            long ignored = 0;
            long refused = 0;
            for (Outcome outcome : outcomes) {
                switch (outcome.effect()) {
                    case APPLIED, LOGGED -> applied++;
                    case IGNORED -> ignored++;
                    case DEAD_LETTER -> refused++;
                }
            }
            return new ReplayCounts(outcomes.size(), applied, ignored, refused);
        }

        ReplayCounts plus(ReplayCounts other) {
            return new ReplayCounts(
                    replayed + other.replayed,
                    applied + other.applied,
                    ignored + other.ignored,
                    refused + other.refused);
        }
    }

    /**
     * Replays one letter.
     *
     * @return the outcome; empty if there is no letter with this id
     * @throws Refusal when a rebuild runs
     * @throws DatabaseAway when the database does not answer; the letter is then either unchanged, or applied and
     *     removed
     */
    Optional<Outcome> one(long id) {
        return letters.byId(id)
                .flatMap(letter -> replay(List.of(letter)).stream().findFirst());
    }

    /**
     * Replays all letters that match the filter, the oldest first. Ends also while new letters arrive faster.
     *
     * @throws Refusal when a rebuild runs
     * @throws DatabaseAway when the database does not answer; the earlier letters are replayed
     */
    ReplayCounts all(DeadLetterTable.Filter filter) {
        var counts = new ReplayCounts(0, 0, 0, 0);
        long newest = letters.newest(filter, Long.MAX_VALUE, 1).stream()
                .mapToLong(DeadLetter::id)
                .findFirst()
                .orElse(0);
        long last = 0;
        while (last < newest) {
            List<DeadLetter> batch = letters.oldest(filter, last, BATCH);
            if (batch.isEmpty()) { // they were replayed or discarded meanwhile
                break;
            }
            counts = counts.plus(ReplayCounts.of(replay(batch)));
            last = batch.getLast().id();
        }
        return counts;
    }

    private List<Outcome> replay(List<DeadLetter> batch) {
        Instant begunAt = Instant.now();
        List<Outcome> all = new ArrayList<>(batch.size());
        try {
            applier.replay(
                    batch.stream()
                            .map(letter -> ReceivedRecord.of(letter.asRecord(), reader))
                            .toList(),
                    outcomes -> {
                        all.addAll(outcomes);
                        tell(outcomes, begunAt);
                    });
        } catch (SQLException e) {
            throw new DatabaseAway(e);
        }
        return all;
    }

    /** Publishes the outcomes without the refused letters, because the live stream showed these records already. */
    private void tell(List<Outcome> outcomes, Instant begunAt) {
        ReplayCounts counts = ReplayCounts.of(outcomes);
        metrics.replayed("applied", counts.applied());
        metrics.replayed("ignored", counts.ignored());
        metrics.replayed("refused", counts.refused());
        publisher.publishReplayed(
                outcomes.stream()
                        .filter(outcome -> !(outcome.received() instanceof ReceivedRecord.Malformed))
                        .toList(),
                begunAt);
    }
}
