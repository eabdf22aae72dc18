package dev.afterimage.shop.outbox;

import io.debezium.outbox.quarkus.ExportedEvent;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import io.micrometer.core.instrument.binder.MeterBinder;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.context.Initialized;
import jakarta.enterprise.event.Observes;
import jakarta.enterprise.event.TransactionPhase;
import jakarta.transaction.Status;
import jakarta.transaction.Synchronization;
import jakarta.transaction.TransactionScoped;
import jakarta.transaction.TransactionSynchronizationRegistry;
import java.sql.SQLException;
import java.time.Duration;

/** The metrics of the outbox: announced changes, the duration of their transactions, and the unread WAL. */
@ApplicationScoped
class OutboxMetrics implements MeterBinder {

    /** The database is queried at most once per interval, however often the metrics are scraped. */
    private static final Duration READ_INTERVAL = Duration.ofSeconds(5);

    private static final Duration[] TRANSACTION_BUCKETS = {
        Duration.ofMillis(1),
        Duration.ofMillis(2),
        Duration.ofMillis(5),
        Duration.ofMillis(10),
        Duration.ofMillis(25),
        Duration.ofMillis(50),
        Duration.ofMillis(100),
        Duration.ofMillis(500),
        Duration.ofSeconds(2)
    };

    private final MeterRegistry registry;
    private final TransactionSynchronizationRegistry transactions;
    private final ReplicationSlot slot;
    private final Timer committed;
    private final Timer rolledBack;
    private Reading lastReading = Reading.UNKNOWN;
    private long lastReadAtNanos = System.nanoTime() - READ_INTERVAL.toNanos();

    OutboxMetrics(MeterRegistry registry, TransactionSynchronizationRegistry transactions, ReplicationSlot slot) {
        this.registry = registry;
        this.transactions = transactions;
        this.slot = slot;
        this.committed = timer("committed");
        this.rolledBack = timer("rolled_back");
    }

    private Timer timer(String outcome) {
        return Timer.builder("orders.transaction")
                .description("from the begin of a transaction to the end of its commit or rollback")
                .tag("outcome", outcome)
                .serviceLevelObjectives(TRANSACTION_BUCKETS)
                .register(registry);
    }

    @Override
    public void bindTo(MeterRegistry registry) {
        Gauge.builder("orders.outbox.retained.wal", this, metrics -> metrics.read()
                        .retainedWalBytes())
                .description("WAL that PostgreSQL keeps for the replication slot; NaN while unknown")
                .baseUnit("bytes")
                .strongReference(true)
                .register(registry);
        Gauge.builder("orders.outbox.slot.active", this, metrics -> metrics.read()
                        .active())
                .description("1 while the replication slot has a reader, 0 without a reader or slot; NaN while unknown")
                .strongReference(true)
                .register(registry);
        Gauge.builder("orders.other.slots.retained.wal", this, metrics -> metrics.read()
                        .othersRetainedWalBytes())
                .description("the most WAL that PostgreSQL keeps for any other slot; NaN while unknown")
                .baseUnit("bytes")
                .strongReference(true)
                .register(registry);
        Gauge.builder("orders.other.slots.inactive", this, metrics -> metrics.read()
                        .othersInactive())
                .description("other slots of this database without a reader; NaN while unknown")
                .strongReference(true)
                .register(registry);
        Gauge.builder("orders.outbox.lingering", this, metrics -> metrics.read().lingeringRows())
                .description("rows that stayed in the outbox, counted up to 1,000; NaN while unknown")
                .baseUnit("rows")
                .strongReference(true)
                .register(registry);
    }

    void rowCommitted(@Observes(during = TransactionPhase.AFTER_SUCCESS) ExportedEvent<?, ?> row) {
        registry.counter("orders.outbox.rows", "aggregate_type", row.getAggregateType(), "event_type", row.getType())
                .increment();
    }

    void transactionBegan(@Observes @Initialized(TransactionScoped.class) Object transaction) {
        var began = Timer.start(registry);
        transactions.registerInterposedSynchronization(new Synchronization() {
            @Override
            public void beforeCompletion() {}

            @Override
            public void afterCompletion(int status) {
                began.stop(status == Status.STATUS_COMMITTED ? committed : rolledBack);
            }
        });
    }

    private synchronized Reading read() {
        if (System.nanoTime() - lastReadAtNanos >= READ_INTERVAL.toNanos()) {
            lastReading = Reading.of(slot);
            lastReadAtNanos = System.nanoTime();
        }
        return lastReading;
    }

    private record Reading(
            double active,
            double retainedWalBytes,
            double othersInactive,
            double othersRetainedWalBytes,
            double lingeringRows) {

        static final Reading UNKNOWN = new Reading(Double.NaN, Double.NaN, Double.NaN, Double.NaN, Double.NaN);

        static Reading of(ReplicationSlot slot) {
            try {
                double rows = slot.lingeringRows();
                var others = slot.others();
                var state = slot.state();
                return new Reading(
                        state.map(ReplicationSlot.State::active).orElse(false) ? 1 : 0,
                        state.map(ReplicationSlot.State::retainedWalBytes)
                                .map(Long::doubleValue)
                                .orElse(Double.NaN),
                        others.inactive(),
                        others.retainedWalBytes(),
                        rows);
            } catch (SQLException e) {
                return UNKNOWN;
            }
        }
    }
}
