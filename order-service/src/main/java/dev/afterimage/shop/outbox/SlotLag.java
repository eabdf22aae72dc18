package dev.afterimage.shop.outbox;

import dev.afterimage.shop.outbox.ReplicationSlot.Position;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.binder.MeterBinder;
import io.quarkus.logging.Log;
import io.quarkus.scheduler.Scheduled;
import io.quarkus.scheduler.Scheduled.ConcurrentExecution;
import jakarta.enterprise.context.ApplicationScoped;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.Map;
import java.util.stream.Stream;

/**
 * The age of the oldest change that the reader of a replication slot has not confirmed. A connector that hangs still
 * has the state RUNNING and an active slot; only this age reveals it.
 *
 * <p>PostgreSQL has positions in the WAL, but no times for them. So this class notes the end of the WAL together with
 * the time. The age is the age of the first note after the confirmed position. The notes are lost when the service
 * restarts. In normal operation the age is at most a little more than the connector's {@code heartbeat.interval.ms},
 * because only a heartbeat confirms the writes of other tables.
 *
 * @see <a href="https://www.postgresql.org/docs/current/view-pg-replication-slots.html">confirmed_flush_lsn</a>
 */
@ApplicationScoped
class SlotLag implements MeterBinder {

    /** Above this number every second note is removed; the age then becomes less exact. */
    private static final int MAX_NOTES = 1_000;

    private record Note(long logEnd, Instant at) {}

    private final ReplicationSlot slot;
    private final OutboxConfig config;
    // both guarded by this
    private final Deque<Note> notes = new ArrayDeque<>();
    private final Map<String, Long> confirmed = new HashMap<>();

    SlotLag(ReplicationSlot slot, OutboxConfig config) {
        this.slot = slot;
        this.config = config;
    }

    @Scheduled(every = "2s", concurrentExecution = ConcurrentExecution.SKIP)
    void look() {
        try {
            note(slot.positions(String.join(",", slots().toList())));
        } catch (SQLException e) {
            Log.debug("positions of the replication slots unknown", e);
        }
    }

    private synchronized void note(Map<String, Position> positions) {
        confirmed.clear();
        positions.forEach((slot, position) -> confirmed.put(slot, position.confirmed()));
        long logEnd =
                positions.values().stream().mapToLong(Position::logEnd).max().orElse(0);
        long oldest = confirmed.values().stream().mapToLong(each -> each).min().orElse(Long.MAX_VALUE);
        notes.removeIf(note -> note.logEnd() <= oldest);
        if (logEnd > oldest && (notes.isEmpty() || logEnd > notes.getLast().logEnd())) {
            notes.add(new Note(logEnd, Instant.now()));
        }
        if (notes.size() > MAX_NOTES) {
            boolean[] goes = {true};
            notes.removeIf(_ -> goes[0] = !goes[0]);
        }
    }

    /**
     * Returns the age of the oldest change that one of these slots has not confirmed. Zero if all changes are
     * confirmed, or if the slots are unknown.
     *
     * @param names the names of slots, separated by commas
     */
    synchronized Duration oldestUnconfirmed(String names) {
        var now = Instant.now();
        return Stream.of(names.split(","))
                .filter(confirmed::containsKey)
                .flatMap(name -> notes.stream()
                        .filter(note -> note.logEnd() > confirmed.getOrDefault(name, Long.MAX_VALUE))
                        .limit(1))
                .map(note -> Duration.between(note.at(), now))
                .max(Duration::compareTo)
                .orElse(Duration.ZERO);
    }

    private Stream<String> slots() {
        return Stream.concat(Stream.of(config.slot().split(",")), config.tableSlot().stream());
    }

    @Override
    public void bindTo(MeterRegistry registry) {
        slots().distinct().forEach(slot -> Gauge.builder(
                        "orders.slot.unconfirmed.age",
                        this,
                        lag -> lag.oldestUnconfirmed(slot).toMillis() / 1000.0)
                .description("age of the oldest change that the replication slot's reader has not confirmed")
                .baseUnit("seconds")
                .tag("slot", slot)
                .strongReference(true)
                .register(registry));
    }
}
