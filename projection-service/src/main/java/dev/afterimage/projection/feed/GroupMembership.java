package dev.afterimage.projection.feed;

import io.quarkus.logging.Log;
import io.smallrye.common.annotation.Identifier;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.context.BeforeDestroyed;
import jakarta.enterprise.event.Observes;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.MemberToRemove;
import org.apache.kafka.clients.admin.RemoveMembersFromConsumerGroupOptions;
import org.apache.kafka.clients.consumer.ConsumerConfig;

/** Leaves the consumer group when the service stops, so that other instances get the partitions at once. */
@ApplicationScoped
class GroupMembership {

    private static final int LIMIT_MS = 2_000;

    private final Map<String, Object> kafka;
    private final Map<String, Object> attributes;
    private final Assignment assignment;

    GroupMembership(
            @Identifier("default-kafka-broker") Map<String, Object> kafka,
            @Identifier(FeedChannel.NAME) Map<String, Object> attributes,
            Assignment assignment) {
        this.kafka = kafka;
        this.attributes = attributes;
        this.assignment = assignment;
    }

    /**
     * Runs after the channel has closed its consumer, which does not leave the group because it has an instance id. Kafka's
     * {@code CloseOptions} could change that, but the channel passes none.
     */
    void leave(@Observes @BeforeDestroyed(ApplicationScoped.class) Object event) {
        if (!assignment.hasJoined()) { // another process may have joined with this instance id
            return;
        }
        var member = new MemberToRemove(attribute(ConsumerConfig.GROUP_INSTANCE_ID_CONFIG));
        var options = new RemoveMembersFromConsumerGroupOptions(Set.of(member)).timeoutMs(LIMIT_MS);
        try (Admin admin = Admin.create(kafka)) {
            admin.removeMembersFromConsumerGroup(attribute(ConsumerConfig.GROUP_ID_CONFIG), options)
                    .all()
                    .get();
        } catch (ExecutionException e) { // the session of this instance ends later
            Log.debugf(e.getCause(), "cannot leave the group");
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private String attribute(String name) {
        return Objects.requireNonNull(attributes.get(name)).toString();
    }
}
