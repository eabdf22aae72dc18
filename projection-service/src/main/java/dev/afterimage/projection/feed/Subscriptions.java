package dev.afterimage.projection.feed;

import dev.afterimage.projection.change.FeedTopics;
import io.smallrye.common.annotation.Identifier;
import jakarta.enterprise.context.ApplicationScoped;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import javax.sql.DataSource;
import org.apache.kafka.clients.CommonClientConfigs;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.CooperativeStickyAssignor;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;

/** Opens the consumer with the settings of the feed. */
@ApplicationScoped
class Subscriptions {

    private final Map<String, Object> kafka;
    private final FeedConfig config;
    private final FeedTopics feedTopics;
    private final DataSource dataSource;
    private final Positions positions;

    Subscriptions(
            @Identifier("default-kafka-broker") Map<String, Object> kafka,
            FeedConfig config,
            FeedTopics feedTopics,
            DataSource dataSource,
            Positions positions) {
        this.kafka = kafka;
        this.config = config;
        this.feedTopics = feedTopics;
        this.dataSource = dataSource;
        this.positions = positions;
    }

    Subscription open() {
        Map<String, Object> settings = new HashMap<>(kafka);
        settings.put(ConsumerConfig.GROUP_ID_CONFIG, config.groupId());
        // the id includes a hash of the topics: a static member that returns in time gets its old partitions, and no
        // partition of a new topic
        List<String> topics = FeedTopics.all(feedTopics);
        settings.put(
                ConsumerConfig.GROUP_INSTANCE_ID_CONFIG,
                config.instanceId() + "-" + Integer.toHexString(topics.hashCode()));
        settings.put(ConsumerConfig.CLIENT_ID_CONFIG, config.instanceId());
        settings.put(ConsumerConfig.ISOLATION_LEVEL_CONFIG, "read_committed");
        settings.put(ConsumerConfig.ENABLE_AUTO_COMMIT_CONFIG, false);
        settings.put(ConsumerConfig.AUTO_OFFSET_RESET_CONFIG, "earliest");
        settings.put(
                ConsumerConfig.PARTITION_ASSIGNMENT_STRATEGY_CONFIG,
                List.of(CooperativeStickyAssignor.class.getName()));
        int sessionMs = Math.toIntExact(config.sessionTimeout().toMillis());
        settings.put(ConsumerConfig.SESSION_TIMEOUT_MS_CONFIG, sessionMs);
        settings.put(ConsumerConfig.HEARTBEAT_INTERVAL_MS_CONFIG, sessionMs / 4);
        // large enough for a whole fetch; maxBatch limits the transactions of each partition
        settings.put(ConsumerConfig.MAX_POLL_RECORDS_CONFIG, 4 * config.maxBatch());
        // the broker answers as soon as there is a byte. The sizes below limit the memory: about one fetch per
        // partition waits here
        settings.put(ConsumerConfig.FETCH_MIN_BYTES_CONFIG, 1);
        // a broker answers the requests of a connection one by one, so other requests wait this long behind a fetch
        settings.put(ConsumerConfig.FETCH_MAX_WAIT_MS_CONFIG, 100);
        settings.put(ConsumerConfig.FETCH_MAX_BYTES_CONFIG, 8 * 1024 * 1024);
        settings.put(ConsumerConfig.MAX_PARTITION_FETCH_BYTES_CONFIG, 2 * 1024 * 1024);
        // reconnects soon after a restart of the broker
        settings.put(CommonClientConfigs.RECONNECT_BACKOFF_MS_CONFIG, 50);
        settings.put(CommonClientConfigs.RECONNECT_BACKOFF_MAX_MS_CONFIG, 500);
        settings.put(CommonClientConfigs.RETRY_BACKOFF_MAX_MS_CONFIG, 500);
        settings.put(CommonClientConfigs.METADATA_MAX_AGE_CONFIG, 10_000);
        settings.put(CommonClientConfigs.DEFAULT_API_TIMEOUT_MS_CONFIG, 10_000);
        settings.put(CommonClientConfigs.REQUEST_TIMEOUT_MS_CONFIG, 5_000);
        var consumer = new KafkaConsumer<>(settings, new ByteArrayDeserializer(), new ByteArrayDeserializer());
        return new Subscription(consumer, topics, config.sessionTimeout(), dataSource, positions);
    }
}
