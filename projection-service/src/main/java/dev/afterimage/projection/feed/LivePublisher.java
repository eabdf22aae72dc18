package dev.afterimage.projection.feed;

import dev.afterimage.projection.change.Effect;
import dev.afterimage.projection.change.Envelope;
import dev.afterimage.projection.change.Tombstone;
import dev.afterimage.projection.live.LiveEvent;
import dev.afterimage.projection.live.LiveEvents;
import dev.afterimage.projection.view.Arrivals;
import dev.afterimage.projection.view.ChainBreak;
import io.quarkus.logging.Log;
import jakarta.enterprise.context.ApplicationScoped;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicReference;
import java.util.regex.Pattern;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.jspecify.annotations.Nullable;

/** Publishes committed outcomes: to waiting requests, to live watchers, and as metrics, traces and warnings. */
@ApplicationScoped
class LivePublisher {

    private static final Duration PAUSE_OF_WARNINGS = Duration.ofSeconds(1);

    /** The key or type of a malformed record is shown only if it matches this pattern. */
    private static final Pattern PLAIN = Pattern.compile("[A-Za-z0-9-]{1,100}");

    private final FeedMetrics metrics;
    private final FeedTraces traces;
    private final LiveEvents live;
    private final Arrivals arrivals;
    private final AtomicReference<Instant> nextWarning = new AtomicReference<>(Instant.MIN);

    LivePublisher(FeedMetrics metrics, FeedTraces traces, LiveEvents live, Arrivals arrivals) {
        this.metrics = metrics;
        this.traces = traces;
        this.live = live;
        this.arrivals = arrivals;
    }

    /** Publishes the outcomes of records that the feed received. */
    void announce(List<Outcome> outcomes, Instant receivedAt) {
        Instant appliedAt = Instant.now();
        metrics.time(outcomes, receivedAt, appliedAt);
        tell(outcomes, receivedAt, appliedAt);
    }

    /**
     * Publishes the outcomes of replayed dead letters. Their age is not a latency of the service, so it is not in the
     * latency metrics.
     */
    void announceReplayed(List<Outcome> outcomes, Instant begunAt) {
        tell(outcomes, begunAt, Instant.now());
    }

    private void tell(List<Outcome> outcomes, Instant receivedAt, Instant appliedAt) {
        arrivals.arrived(outcomes.stream()
                .filter(outcome -> outcome.effect() == Effect.APPLIED)
                .map(outcome -> outcome.incoming() instanceof Incoming.Event event
                        ? event.change().id()
                        : null)
                .filter(Objects::nonNull)
                .toList());
        metrics.count(outcomes);
        warnOfBrokenChains(outcomes, appliedAt);
        traces.record(outcomes, receivedAt, appliedAt);
        if (live.watched()) {
            live.publish(outcomes.stream()
                    .filter(outcome -> !(outcome.incoming() instanceof Incoming.Row))
                    .map(outcome -> of(outcome, appliedAt))
                    .toList());
        }
        if (Log.isDebugEnabled()) {
            long applied =
                    outcomes.stream().filter(o -> o.effect() == Effect.APPLIED).count();
            Log.debugf("Committed %d records, %d of them applied", outcomes.size(), applied);
        }
    }

    /**
     * Logs at most one warning per second: a topic whose beginning was deleted breaks the chain of each of its
     * aggregates.
     */
    private void warnOfBrokenChains(List<Outcome> outcomes, Instant appliedAt) {
        for (Outcome outcome : outcomes) {
            ChainBreak chainBreak = outcome.result().chainBreak();
            Instant quietUntil = nextWarning.get();
            if (chainBreak == null
                    || appliedAt.isBefore(quietUntil)
                    || !nextWarning.compareAndSet(quietUntil, appliedAt.plus(PAUSE_OF_WARNINGS))) {
                continue;
            }
            ConsumerRecord<byte[], byte[]> record = outcome.incoming().record();
            Log.warnf(
                    "Applied an event that does not follow the stored state, by its %s (feed_chain_broken_total counts"
                            + " all of them): held=%s before=%s topic=%s partition=%d offset=%d",
                    chainBreak.rule().label(),
                    chainBreak.held(),
                    chainBreak.before(),
                    record.topic(),
                    record.partition(),
                    record.offset());
        }
    }

    private static LiveEvent of(Outcome outcome, Instant appliedAt) {
        var record = outcome.incoming().record();
        return switch (outcome.incoming()) {
            case Incoming.Row row -> throw new IllegalArgumentException("no event of an aggregate: " + row);
            case Incoming.Malformed malformed ->
                bare(record, eventType(record), plain(record.key()), appliedAt, outcome.effect(), malformed.reason());
            case Incoming.Event event ->
                switch (event.change()) {
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
