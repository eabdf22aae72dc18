package dev.afterimage.shop.outbox;

import io.quarkus.runtime.configuration.MemorySize;
import io.smallrye.config.ConfigMapping;
import io.smallrye.config.WithDefault;
import java.time.Duration;
import java.util.Optional;

/** How the outbox leaves the database. */
@ConfigMapping(prefix = "orders.outbox")
public interface OutboxConfig {
    /** The replication slot through which Debezium reads the outbox; of a sharded outbox all of them, separated by commas. */
    String slot();

    /** The replication slot through which Debezium reads the tables themselves, where it does. */
    Optional<String> tableSlot();

    /**
     * Beyond so much log kept for the slot the service is not ready. Well below what PostgreSQL's disk has left, and below
     * max_slot_wal_keep_size if that is set, beyond which PostgreSQL gives the slot up and events are lost.
     */
    @WithDefault("8G")
    MemorySize maxRetainedWal();

    /** The service is not well while the oldest change that a slot's reader has not confirmed is older. */
    @WithDefault("60s")
    Duration maxUnconfirmed();
}
