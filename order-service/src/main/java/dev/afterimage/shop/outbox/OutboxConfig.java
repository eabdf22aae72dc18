package dev.afterimage.shop.outbox;

import io.quarkus.runtime.configuration.MemorySize;
import io.smallrye.config.ConfigMapping;
import io.smallrye.config.WithDefault;
import java.time.Duration;
import java.util.Optional;

/** The replication slots that this service watches, and their limits. */
@ConfigMapping(prefix = "orders.outbox")
public interface OutboxConfig {

    /**
     * The replication slot through which Debezium reads the outbox. A sharded outbox has several slots, separated by
     * commas.
     */
    String slot();

    /**
     * The replication slot through which Debezium reads the tables themselves; empty if the tables are not captured.
     */
    Optional<String> tableSlot();

    /**
     * The service is not ready while PostgreSQL keeps more WAL than this for the slot. Choose a value well below the
     * free space of PostgreSQL's disk, and below max_slot_wal_keep_size if that is set: above it PostgreSQL invalidates
     * the slot, and events are lost.
     */
    @WithDefault("8G")
    MemorySize maxRetainedWal();

    /**
     * The health checks of {@code /q/health/well} are down while the oldest unconfirmed change of a slot is older than
     * this.
     */
    @WithDefault("30s")
    Duration maxUnconfirmed();
}
