package dev.afterimage.projection.feed;

import jakarta.enterprise.context.ApplicationScoped;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** What the feed does now, for health checks, metrics and statistics. */
@ApplicationScoped
public class FeedStatus {

    private final Instant startedAt = Instant.now();
    private volatile FeedState state = FeedState.STARTING;
    private volatile List<FeedProgress.Partition> partitions = List.of();
    private volatile @Nullable Instant lastProgress;
    private volatile @Nullable Instant oldest;
    private volatile @Nullable Instant stalledSince;

    /** The progress of this instance; does not query the broker. */
    public FeedProgress progress() {
        return FeedProgress.of(state, partitions);
    }

    FeedState state() {
        return state;
    }

    /** The time when the feed last applied a record or found none to apply; null until it follows its partitions. */
    @Nullable Instant lastProgress() {
        return lastProgress;
    }

    /** The time since the last progress; before the first progress, since the start. */
    Duration progressAge() {
        Instant progress = lastProgress;
        return Duration.between(progress == null ? startedAt : progress, Instant.now());
    }

    /**
     * The age of the oldest record on a topic that is not applied. It is computed from the last received records: if
     * more records follow, the next one is about as old. If a partition has records but does not move, the age is at
     * least the time since this was noticed. Zero if no record waits, and also if the broker does not answer.
     */
    Duration lagAge() {
        Instant now = Instant.now();
        Duration ofReceived = age(oldest, now);
        Duration ofStalled = age(stalledSince, now);
        return ofReceived.compareTo(ofStalled) > 0 ? ofReceived : ofStalled;
    }

    private static Duration age(@Nullable Instant since, Instant now) {
        return since == null || since.isAfter(now) ? Duration.ZERO : Duration.between(since, now);
    }

    void is(FeedState state) {
        this.state = state;
    }

    void partitions(List<FeedProgress.Partition> partitions) {
        this.partitions = partitions;
    }

    /**
     * Called when records have been received.
     *
     * @param oldest the timestamp of the oldest of these records
     * @param others whether older records wait in partitions that could not be applied
     */
    void received(Instant oldest, boolean others) {
        Instant before = this.oldest;
        this.oldest = others && before != null && before.isBefore(oldest) ? before : oldest;
    }

    void applied() {
        lastProgress = Instant.now();
    }

    /** @param since when a partition began to stand although it has records; null if all move */
    void stalledSince(@Nullable Instant since) {
        stalledSince = since;
    }

    /** Called when all records of the topics are applied. */
    void caughtUp() {
        oldest = null;
        lastProgress = Instant.now();
    }
}
