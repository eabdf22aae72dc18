package dev.afterimage.projection.feed;

import dev.afterimage.projection.change.TopicReader;
import io.smallrye.common.annotation.Identifier;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.inject.Produces;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.consumer.ConsumerConfig;

/** The attributes of the channel that follow from {@link FeedConfig}; application.properties has the others. */
class FeedChannel {

    static final String NAME = "feed";

    @Produces
    @ApplicationScoped
    @Identifier(NAME) Map<String, Object> attributes(FeedConfig config, TopicReader reader) {
        List<String> topics = reader.topics();
        long sessionMs = config.sessionTimeout().toMillis();
        return Map.of(
                "topics",
                String.join(",", topics),
                ConsumerConfig.GROUP_ID_CONFIG,
                config.groupId(),
                // the id includes a hash of the topics: a static member that returns in time gets its old partitions,
                // and no partition of a new topic
                ConsumerConfig.GROUP_INSTANCE_ID_CONFIG,
                config.instanceId() + "-" + Integer.toHexString(topics.hashCode()),
                ConsumerConfig.CLIENT_ID_CONFIG,
                config.instanceId(),
                ConsumerConfig.SESSION_TIMEOUT_MS_CONFIG,
                Long.toString(sessionMs),
                ConsumerConfig.HEARTBEAT_INTERVAL_MS_CONFIG,
                Long.toString(sessionMs / 4),
                // up to three polls wait in memory while one is applied
                ConsumerConfig.MAX_POLL_RECORDS_CONFIG,
                Integer.toString(config.maxBatch()));
    }
}
