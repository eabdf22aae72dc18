package dev.afterimage.projection.feed;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.afterimage.projection.OrderEvents;
import dev.afterimage.projection.OrderTopic;
import io.quarkus.test.junit.QuarkusTest;
import jakarta.inject.Inject;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import javax.sql.DataSource;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.consumer.CloseOptions;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.FencedInstanceIdException;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.eclipse.microprofile.config.inject.ConfigProperty;
import org.junit.jupiter.api.Test;

@QuarkusTest
class SubscriptionTest {

    private static final Duration SOON = Duration.ofSeconds(20);

    @Inject
    @ConfigProperty(name = "kafka.bootstrap.servers")
    String bootstrapServers;

    @Inject
    DataSource dataSource;

    @Inject
    Positions positions;

    private final String topic = "fenced-" + UUID.randomUUID();

    /** A consumer that remembers that it was closed. */
    private final class Member extends KafkaConsumer<byte[], byte[]> {
        private boolean closed;

        Member() {
            super(
                    Map.of(
                            "bootstrap.servers",
                            bootstrapServers,
                            "group.id",
                            topic,
                            "group.instance.id",
                            "the-same",
                            "enable.auto.commit",
                            "false"),
                    new ByteArrayDeserializer(),
                    new ByteArrayDeserializer());
        }

        @Override
        public void close(CloseOptions options) {
            super.close(options);
            closed = true;
        }
    }

    @Test
    void closesAConsumerThatWasFencedThoughItsLastCommitThrows() throws Exception {
        var order = new OrderEvents();
        try (var kafka = Admin.create(Map.of("bootstrap.servers", bootstrapServers));
                var topics = new OrderTopic(bootstrapServers)) {
            kafka.createTopics(List.of(new NewTopic(topic, 1, (short) 1))).all().get();
            topics.putOn(topic, order.id, order.placed());
        }
        var first = new Member();
        var subscription = new Subscription(first, List.of(topic), SOON, dataSource, positions);
        await().atMost(SOON).until(() -> {
            boolean came = !subscription.poll().isEmpty();
            subscription.place();
            return came;
        });
        var next = Map.of(new TopicPartition(topic, 0), new OffsetAndMetadata(1));
        try (var twin = new Member()) {
            twin.subscribe(List.of(topic));
            await().atMost(SOON).until(() -> {
                var _ = twin.poll(Duration.ofMillis(100));
                return !twin.assignment().isEmpty();
            });
            assertThatThrownBy(() -> {
                        while (true) {
                            subscription.commitSoon(next);
                            var _ = subscription.poll();
                        }
                    })
                    .isInstanceOf(FencedInstanceIdException.class);
        }

        subscription.commitSoon(next);
        assertThatThrownBy(subscription::close).isInstanceOf(FencedInstanceIdException.class);

        assertThat(first.closed).isTrue();
    }
}
