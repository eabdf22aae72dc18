package dev.afterimage.projection.feed;

import dev.afterimage.projection.sql.DatabaseAway;
import io.quarkus.runtime.annotations.RegisterForReflection;
import jakarta.enterprise.context.ApplicationScoped;
import java.sql.SQLException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Has dead letters read and applied once more. That is safe at any time, beside the feed and beside each other: the
 * version guard ignores what is no longer news, and each letter is locked until it is either gone or refused again.
 */
@ApplicationScoped
class Replays {

    /** Letters in one transaction, and in memory at once. */
    private static final int BATCH = 50;

    private final DeadLetterTable letters;
    private final TopicReader reader;
    private final BatchApplier applier;
    private final LivePublisher livePublisher;
    private final DeadLetterMetrics metrics;

    Replays(
            DeadLetterTable letters,
            TopicReader reader,
            BatchApplier applier,
            LivePublisher livePublisher,
            DeadLetterMetrics metrics) {
        this.letters = letters;
        this.reader = reader;
        this.applier = applier;
        this.livePublisher = livePublisher;
        this.metrics = metrics;
    }

    /**
     * What became of letters, each of which was replayed once.
     *
     * @param replayed the sum of the others
     * @param refused they still wait, with the reason of this attempt
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
     * @return what became of it, empty when there is none of this id
     * @throws DatabaseAway when the database does not answer; the letter is where it was, or it is applied and gone
     */
    Optional<Outcome> one(long id) {
        return letters.byId(id)
                .flatMap(letter -> replay(List.of(letter)).stream().findFirst());
    }

    /**
     * Replays all that the filter lets through, the oldest first.
     *
     * @throws DatabaseAway when the database does not answer; those before are replayed
     */
    ReplayCounts all(DeadLetterTable.Filter filter) {
        var counts = new ReplayCounts(0, 0, 0, 0);
        long last = 0;
        while (true) {
            List<DeadLetter> batch = letters.oldest(filter, last, BATCH);
            if (batch.isEmpty()) {
                return counts;
            }
            counts = counts.plus(ReplayCounts.of(replay(batch)));
            last = batch.getLast().id();
        }
    }

    private List<Outcome> replay(List<DeadLetter> batch) {
        Instant begunAt = Instant.now();
        List<Outcome> all = new ArrayList<>(batch.size());
        try {
            applier.replay(
                    batch.stream()
                            .map(letter -> Incoming.of(letter.asRecord(), reader))
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

    /** Who watches the feed has seen the refused ones already. */
    private void tell(List<Outcome> outcomes, Instant begunAt) {
        ReplayCounts counts = ReplayCounts.of(outcomes);
        metrics.replayed("applied", counts.applied());
        metrics.replayed("ignored", counts.ignored());
        metrics.replayed("refused", counts.refused());
        livePublisher.announceReplayed(
                outcomes.stream()
                        .filter(outcome -> !(outcome.incoming() instanceof Incoming.Malformed))
                        .toList(),
                begunAt);
    }
}
