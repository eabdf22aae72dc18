package dev.afterimage.projection.feed;

import io.smallrye.config.ConfigMapping;
import io.smallrye.config.WithDefault;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/** What the feed reads and how. Everything {@code kafka.*} goes to the Kafka clients as it is. */
@ConfigMapping(prefix = "feed")
public interface FeedConfig {

    /** The topics of aggregates to follow. */
    @WithDefault("order.events,customer.events,product.events")
    List<String> topics();

    /** Topics of table rows, such as {@code cdc.public.orders}: followed into the event log, and no further. */
    Optional<List<String>> tableTopics();

    /** All of both kinds. */
    static List<String> allTopics(FeedConfig config) {
        return Stream.concat(
                        config.topics().stream(), config.tableTopics().stream().flatMap(List::stream))
                .toList();
    }

    /** Instances of one group share the partitions between them. */
    @WithDefault("projection")
    String groupId();

    /**
     * Static membership: an instance that comes back under its name has its partitions at once, without a rebalance.
     * Two instances must not have the same name; on Kubernetes take the pod's.
     */
    @WithDefault("projection-1")
    String instanceId();

    /** After so long without a heartbeat the partitions of an instance go to the others. */
    @WithDefault("6s")
    Duration sessionTimeout();

    /** The most records applied in one transaction. */
    @WithDefault("4000")
    int maxBatch();

    /** So many partitions are applied at the same time, each on a connection of its own. */
    @WithDefault("2")
    int workers();

    /** While the database or the broker does not answer, the pause between attempts doubles up to this. */
    @WithDefault("2s")
    Duration maxBackoff();

    /** The service is not well while the oldest record that is not applied is older. */
    @WithDefault("60s")
    Duration maxLag();

    /** The service is not ready after so long without any progress of the feed. */
    @WithDefault("5s")
    Duration unreadyAfter();

    /** How long one dead letter may take to be acknowledged before the batch is tried again. */
    @WithDefault("10s")
    Duration deadLetterTimeout();
}
