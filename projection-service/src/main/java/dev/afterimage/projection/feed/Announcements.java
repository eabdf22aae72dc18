package dev.afterimage.projection.feed;

import dev.afterimage.projection.change.Effect;
import dev.afterimage.projection.change.Envelope;
import dev.afterimage.projection.change.Tombstone;
import dev.afterimage.projection.live.LiveEvent;
import dev.afterimage.projection.live.LiveEvents;
import dev.afterimage.projection.view.Arrivals;
import dev.afterimage.projection.view.Break;
import io.quarkus.logging.Log;
import jakarta.enterprise.context.ApplicationScoped;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Objects;
import java.util.regex.Pattern;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.jspecify.annotations.Nullable;

/** Tells of what was committed: to those who wait for it, to those who watch, in figures, traces and warnings. */
@ApplicationScoped
class Announcements {

    private static final int MAX_WARNINGS = 5;

    /** What may stand in an unreadable record is shown only where it is short and harmless. */
    private static final Pattern PLAIN = Pattern.compile("[A-Za-z0-9-]{1,100}");

    private final FeedMetrics metrics;
    private final FeedTraces traces;
    private final LiveEvents live;
    private final Arrivals arrivals;

    Announcements(FeedMetrics metrics, FeedTraces traces, LiveEvents live, Arrivals arrivals) {
        this.metrics = metrics;
        this.traces = traces;
        this.live = live;
        this.arrivals = arrivals;
    }

    /** Tells what became of records that the feed received. */
    void announce(List<Outcome> outcomes, Instant receivedAt) {
        Instant appliedAt = Instant.now();
        metrics.time(outcomes, receivedAt, appliedAt);
        tell(outcomes, receivedAt, appliedAt);
    }

    /** The same of dead letters that were read again; how long they lay is no latency of ours, and not in its figures. */
    void announceReplayed(List<Outcome> outcomes, Instant begunAt) {
        tell(outcomes, begunAt, Instant.now());
    }

    private void tell(List<Outcome> outcomes, Instant receivedAt, Instant appliedAt) {
        arrivals.arrived(outcomes.stream()
                .filter(outcome -> outcome.effect() == Effect.APPLIED)
                .map(outcome -> outcome.incoming() instanceof Incoming.Legible legible
                        ? legible.change().id()
                        : null)
                .filter(Objects::nonNull)
                .toList());
        metrics.count(outcomes);
        warnOfBrokenChains(outcomes);
        traces.record(outcomes, receivedAt, appliedAt);
        if (live.watched()) {
            live.publish(
                    outcomes.stream().map(outcome -> of(outcome, appliedAt)).toList());
        }
        if (Log.isDebugEnabled()) {
            long applied =
                    outcomes.stream().filter(o -> o.effect() == Effect.APPLIED).count();
            Log.debugf("Committed %d records, %d of them news", outcomes.size(), applied);
        }
    }

    /** Some of a batch only: a topic that was cut off at its beginning breaks the chain of every aggregate on it. */
    private static void warnOfBrokenChains(List<Outcome> outcomes) {
        List<Outcome> broken = outcomes.stream()
                .filter(outcome -> outcome.applied().broken() != null)
                .toList();
        for (Outcome outcome : broken.subList(0, Math.min(MAX_WARNINGS, broken.size()))) {
            Break what = Objects.requireNonNull(outcome.applied().broken());
            ConsumerRecord<byte[], byte[]> record = outcome.incoming().record();
            Log.warnf(
                    "Applied an event that does not follow, its %s is not the next: held=%s before=%s topic=%s partition=%d"
                            + " offset=%d",
                    what.rule().label(),
                    what.held(),
                    what.before(),
                    record.topic(),
                    record.partition(),
                    record.offset());
        }
        if (broken.size() > MAX_WARNINGS) {
            Log.warnf("... and %d more such events of this batch", broken.size() - MAX_WARNINGS);
        }
    }

    private static LiveEvent of(Outcome outcome, Instant appliedAt) {
        var record = outcome.incoming().record();
        return switch (outcome.incoming()) {
            case Incoming.Malformed malformed ->
                bare(record, eventType(record), plain(record.key()), appliedAt, outcome.effect(), malformed.reason());
            case Incoming.Legible legible ->
                switch (legible.change()) {
                    case Tombstone tombstone ->
                        bare(record, eventType(record), tombstone.id().toString(), appliedAt, outcome.effect(), null);
                    case Envelope envelope ->
                        new LiveEvent(
                                record.topic(),
                                record.partition(),
                                record.offset(),
                                envelope.eventType(),
                                envelope.id().toString(),
                                envelope.version(),
                                envelope.op(),
                                envelope.committedAt().toEpochMilli(),
                                appliedAt,
                                Duration.between(envelope.committedAt(), appliedAt)
                                        .toMillis(),
                                outcome.effect(),
                                null,
                                envelope.before(),
                                envelope.after());
                };
        };
    }

    private static LiveEvent bare(
            ConsumerRecord<byte[], byte[]> record,
            @Nullable String eventType,
            @Nullable String key,
            Instant appliedAt,
            Effect effect,
            @Nullable String reason) {
        return new LiveEvent(
                record.topic(),
                record.partition(),
                record.offset(),
                eventType,
                key,
                null,
                null,
                null,
                appliedAt,
                null,
                effect,
                reason,
                null,
                null);
    }

    private static @Nullable String eventType(ConsumerRecord<byte[], byte[]> record) {
        var header = record.headers().lastHeader("eventType");
        return header == null ? null : plain(header.value());
    }

    private static @Nullable String plain(byte @Nullable [] bytes) {
        if (bytes == null || bytes.length > 100) {
            return null;
        }
        String text = new String(bytes, StandardCharsets.US_ASCII);
        return PLAIN.matcher(text).matches() ? text : null;
    }
}
