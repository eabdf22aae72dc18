package dev.afterimage.shop.snapshot;

import io.smallrye.config.ConfigMapping;
import io.smallrye.config.WithDefault;
import java.time.Duration;

/** The load that a snapshot puts on the database. */
@ConfigMapping(prefix = "orders.snapshots")
interface SnapshotConfig {

    /** Aggregates per transaction. A change of one of them waits until the transaction ends, some milliseconds. */
    @WithDefault("100")
    int batch();

    /** The pause between two transactions, which leaves time for other clients. */
    @WithDefault("10ms")
    Duration pause();
}
