package dev.afterimage.shop.outbox;

import io.smallrye.config.ConfigMapping;

/** How the outbox leaves the database. */
@ConfigMapping(prefix = "orders.outbox")
public interface OutboxConfig {
    /** The replication slot through which Debezium reads the outbox. */
    String slot();
}
