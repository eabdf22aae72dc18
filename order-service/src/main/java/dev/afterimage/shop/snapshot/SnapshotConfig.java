package dev.afterimage.shop.snapshot;

import io.smallrye.config.ConfigMapping;
import io.smallrye.config.WithDefault;
import java.time.Duration;

/** How much of the database a snapshot takes. */
@ConfigMapping(prefix = "orders.snapshots")
interface SnapshotConfig {
    /** Aggregates per transaction; who wants to change one of them waits for as long as that takes, some milliseconds. */
    @WithDefault("100")
    int batch();

    /** Between two transactions, for the others. */
    @WithDefault("10ms")
    Duration pause();
}
