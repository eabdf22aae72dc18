package dev.afterimage.projection.audit;

import io.smallrye.config.ConfigMapping;
import io.smallrye.config.WithDefault;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/** The configuration of audits. The source and the replica are the datasources {@code source} and {@code replica}. */
@ConfigMapping(prefix = "audit")
public interface AuditConfig {

    /** The interval between the starts of two audits. Without a value, audits start only on request. */
    Optional<Duration> every();

    /** The number of rows that one statement reads. */
    @WithDefault("5000")
    int rangeRows();

    /** How long the audit waits for a follower to reach the state that the source had when it was read. */
    @WithDefault("60s")
    Duration catchUp();

    /** The number of differing rows per table that a report shows; it counts all of them. */
    @WithDefault("20")
    int shown();

    /** {@code /q/health/well} is down while the oldest change that the replica's sink has not read is older than this. */
    @WithDefault("30s")
    Duration maxReplicaLag();

    /** How changes reach the read model. */
    Route readModel();

    /** How changes reach the replica. */
    Route replica();

    /** The path of changes from the source to a follower. */
    interface Route {

        /** The replication slot at the source. */
        String slot();

        /** The topics to which the slot's connector writes. */
        List<String> topics();

        /** The consumer group that reads these topics. */
        String group();
    }
}
