package dev.afterimage.projection.feed;

import io.smallrye.common.annotation.Identifier;
import jakarta.annotation.PreDestroy;
import jakarta.enterprise.context.ApplicationScoped;
import java.time.Duration;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.admin.TopicDescription;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.KafkaFuture;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.InterruptException;
import org.apache.kafka.common.errors.UnknownTopicOrPartitionException;
import org.jspecify.annotations.Nullable;

/** Asks the broker which topics exist, and where they end. A topic that was deleted and created again has another id. */
@ApplicationScoped
class TopicIds {

    private static final Duration ANSWER_LIMIT = Duration.ofSeconds(5);

    private final Map<String, Object> kafka;
    private @Nullable Admin admin;

    TopicIds(@Identifier("default-kafka-broker") Map<String, Object> kafka) {
        this.kafka = kafka;
    }

    /** A topic that exists. */
    record Topic(String id, int partitions) {}

    /** The topics of these names that exist; waits for the broker. */
    Map<String, Topic> existing(Collection<String> names) {
        try {
            return ask(names).get(ANSWER_LIMIT.toMillis(), TimeUnit.MILLISECONDS);
        } catch (ExecutionException e) {
            throw new KafkaException(e.getCause());
        } catch (TimeoutException e) {
            throw new org.apache.kafka.common.errors.TimeoutException("no answer about the topics " + names, e);
        } catch (InterruptedException e) {
            throw new InterruptException(e);
        }
    }

    /** As {@link #existing}, without waiting. */
    CompletableFuture<Map<String, Topic>> ask(Collection<String> names) {
        Map<String, CompletableFuture<@Nullable Topic>> answers = new HashMap<>();
        for (Map.Entry<String, KafkaFuture<TopicDescription>> each :
                admin().describeTopics(List.copyOf(names)).topicNameValues().entrySet()) {
            answers.put(
                    each.getKey(),
                    each.getValue().toCompletionStage().handle(TopicIds::topic).toCompletableFuture());
        }
        return CompletableFuture.allOf(answers.values().toArray(CompletableFuture[]::new))
                .thenApply(_ -> {
                    Map<String, Topic> existing = new HashMap<>();
                    answers.forEach((name, answer) -> {
                        Topic topic = answer.join();
                        if (topic != null) {
                            existing.put(name, topic);
                        }
                    });
                    return existing;
                });
    }

    /** The ends of these partitions, which also count the records of open transactions; without waiting. */
    CompletableFuture<Map<TopicPartition, Long>> ends(Collection<TopicPartition> partitions) {
        Map<TopicPartition, OffsetSpec> latest = new HashMap<>();
        partitions.forEach(partition -> latest.put(partition, OffsetSpec.latest()));
        return admin().listOffsets(latest)
                .all()
                .toCompletionStage()
                .thenApply(ends -> {
                    Map<TopicPartition, Long> offsets = new HashMap<>();
                    ends.forEach((partition, end) -> offsets.put(partition, end.offset()));
                    return offsets;
                })
                .toCompletableFuture();
    }

    private static @Nullable Topic topic(@Nullable TopicDescription description, @Nullable Throwable failure) {
        if (description != null) {
            return new Topic(
                    description.topicId().toString(), description.partitions().size());
        }
        Throwable cause = failure instanceof CompletionException ? failure.getCause() : failure;
        if (cause instanceof UnknownTopicOrPartitionException) {
            return null;
        }
        throw new CompletionException(cause);
    }

    private synchronized Admin admin() {
        if (admin == null) {
            admin = Admin.create(kafka);
        }
        return admin;
    }

    @PreDestroy
    synchronized void close() {
        if (admin != null) {
            admin.close(Duration.ZERO);
        }
    }
}
