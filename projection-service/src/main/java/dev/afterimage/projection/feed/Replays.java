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
    private final LivePublisher announcements;
    private final DeadLetterMetrics metrics;

    Replays(
            DeadLetterTable letters,
            TopicReader reader,
            BatchApplier applier,
            LivePublisher announcements,
            DeadLetterMetrics metrics) {
        this.letters = letters;
        this.reader = reader;
        this.applier = applier;
        this.announcements = announcements;
        this.metrics = metrics;
    }

    /**
     * What became of letters, each of which was replayed once.
     *
     * @param replayed the sum of the others
     * @param refused they still wait, with the reason of this attempt
     */
    @RegisterForReflection
    record TableComparison(long replayed, long applied, long ignored, long refused) {

        static TableComparison of(List<Outcome> outcomes) {
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
            return new TableComparison(outcomes.size(), applied, ignored, refused);
        }

        TableComparison plus(TableComparison other) {
            return new TableComparison(
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
    TableComparison all(DeadLetterTable.Filter filter) {
        var tally = new TableComparison(0, 0, 0, 0);
        long last = 0;
        while (true) {
            List<DeadLetter> batch = letters.oldest(filter, last, BATCH);
            if (batch.isEmpty()) {
                return tally;
            }
            tally = tally.plus(TableComparison.of(replay(batch)));
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
        TableComparison tally = TableComparison.of(outcomes);
        metrics.replayed("applied", tally.applied());
        metrics.replayed("ignored", tally.ignored());
        metrics.replayed("refused", tally.refused());
        announcements.announceReplayed(
                outcomes.stream()
                        .filter(outcome -> !(outcome.incoming() instanceof Incoming.Malformed))
                        .toList(),
                begunAt);
    }
}
