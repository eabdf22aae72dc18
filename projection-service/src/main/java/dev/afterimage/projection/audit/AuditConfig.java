package dev.afterimage.projection.audit;

import io.smallrye.config.ConfigMapping;
import io.smallrye.config.WithDefault;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/** How to audit. The source and the replica are the datasources of these names. */
@ConfigMapping(prefix = "audit")
public interface AuditConfig {

    /** An audit starts so long after the last one started; without a value only who asks for one gets one. */
    Optional<Duration> every();

    /** How many rows one statement reads. */
    @WithDefault("5000")
    int rangeRows();

    /** How long a follower may take to show what the source had when it was read. */
    @WithDefault("60s")
    Duration catchUp();

    /** How many differing rows of a table are shown; all are counted. */
    @WithDefault("20")
    int shown();

    /** What carries the changes to the read model. */
    Route readModel();

    /** What carries the changes to the replica. */
    Route replica();

    /** The way from the source to a follower. */
    interface Route {

        /** The replication slot at the source. */
        String slot();

        /** The topics that the slot's connector writes. */
        List<String> topics();

        /** The consumer group that reads them. */
        String group();
    }
}
