package dev.afterimage.projection.feed;

import io.smallrye.config.ConfigMapping;
import io.smallrye.config.WithDefault;
import java.time.Duration;

/** The configuration of the feed; {@link dev.afterimage.projection.change.FeedTopics} has its topics. All {@code kafka.*} settings are passed to the Kafka clients unchanged. */
@ConfigMapping(prefix = "feed")
public interface FeedConfig {

    /** The consumer group. The instances of one group share the partitions. */
    @WithDefault("projection")
    String groupId();

    /**
     * The name of this instance, for static membership: an instance that returns with its name after a crash gets its
     * partitions at once, without a rebalance. Two instances must not have the same name; on Kubernetes use the pod's
     * name.
     */
    @WithDefault("projection-1")
    String instanceId();

    /** After this time without a heartbeat, the partitions of an instance go to other instances. */
    @WithDefault("6s")
    Duration sessionTimeout();

    /** The maximum number of records in one transaction; about 4 MB of decoded values end a transaction too. */
    @WithDefault("4000")
    int maxBatch();

    /** The number of partitions that are applied at the same time, each with its own connection. */
    @WithDefault("2")
    int workers();

    /**
     * The maximum pause between attempts while the database or the broker does not answer. The pause doubles until this
     * limit.
     */
    @WithDefault("2s")
    Duration maxBackoff();

    /** The health checks of {@code /q/health/well} are down while the oldest unapplied record is older than this. */
    @WithDefault("60s")
    Duration maxLag();

    /** The service is not ready after this time without progress of the feed. */
    @WithDefault("5s")
    Duration unreadyAfter();

    /** How long the feed waits for the acknowledgement of a dead letter before it tries the batch again. */
    @WithDefault("10s")
    Duration deadLetterTimeout();
}
