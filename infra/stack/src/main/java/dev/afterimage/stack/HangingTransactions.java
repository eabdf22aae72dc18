package dev.afterimage.stack;

import java.time.Duration;
import java.time.Instant;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import org.apache.kafka.clients.admin.AbortTransactionSpec;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.ListTransactionsOptions;
import org.apache.kafka.clients.admin.ProducerState;
import org.apache.kafka.clients.admin.TransactionListing;
import org.apache.kafka.clients.admin.TransactionState;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;

/**
 * Aborts the hanging transactions that a killed broker may leave: transactions that are open in a partition but unknown
 * to their coordinator. A consumer that reads committed records waits for them for ever. So do Kafka Connect's source
 * tasks when they start. Seen with Kafka 4.3.1.
 *
 * @see <a href="https://cwiki.apache.org/confluence/display/KAFKA/KIP-664%3A+Provide+tooling+to+detect+and+abort+hanging+transactions">KIP-664</a>
 */
final class HangingTransactions {
    private static final Duration FOR = Duration.ofMinutes(1);
    private static final Duration PAUSE = Duration.ofSeconds(2);
    private static final Set<TransactionState> GOING_ON = Set.of(
            TransactionState.ONGOING,
            TransactionState.PREPARE_ABORT,
            TransactionState.PREPARE_COMMIT,
            TransactionState.PREPARE_EPOCH_FENCE);

    private record Open(
            TopicPartition partition, long startOffset, long producerId, int producerEpoch, int coordinatorEpoch) {}

    private HangingTransactions() {}

    /** Looks for hanging transactions for a minute, on its own thread. A transaction that is found twice is aborted. */
    static void watch(Supplier<Admin> admins) {
        Thread.ofPlatform().daemon().name("hanging-transactions").start(() -> {
            Instant end = Instant.now().plus(FOR);
            Set<Open> before = Set.of();
            while (Instant.now().isBefore(end)) {
                LockSupport.parkNanos(PAUSE.toNanos());
                try (Admin admin = admins.get()) {
                    Set<Open> hanging = find(admin);
                    for (Open open : hanging) {
                        if (before.contains(open)) {
                            abort(admin, open);
                        }
                    }
                    before = hanging;
                } catch (ExecutionException | KafkaException e) {
                    before = Set.of(); // the broker is away or still loading
                } catch (InterruptedException e) {
                    return;
                }
            }
        });
    }

    private static Set<Open> find(Admin admin) throws ExecutionException, InterruptedException {
        Set<Long> goingOn =
                admin.listTransactions(new ListTransactionsOptions().filterStates(GOING_ON)).all().get().stream()
                        .map(TransactionListing::producerId)
                        .collect(Collectors.toSet());
        Set<Open> hanging = new HashSet<>();
        for (TopicPartition partition : partitions(admin)) {
            for (ProducerState producer : admin.describeProducers(List.of(partition))
                    .partitionResult(partition)
                    .get()
                    .activeProducers()) {
                if (producer.currentTransactionStartOffset().isPresent() && !goingOn.contains(producer.producerId())) {
                    hanging.add(new Open(
                            partition,
                            producer.currentTransactionStartOffset().getAsLong(),
                            producer.producerId(),
                            producer.producerEpoch(),
                            producer.coordinatorEpoch().orElse(0)));
                }
            }
        }
        return hanging;
    }

    private static List<TopicPartition> partitions(Admin admin) throws ExecutionException, InterruptedException {
        return admin.describeTopics(admin.listTopics().names().get()).allTopicNames().get().values().stream()
                .flatMap(topic -> topic.partitions().stream()
                        .map(partition -> new TopicPartition(topic.name(), partition.partition())))
                .toList();
    }

    private static void abort(Admin admin, Open open) throws ExecutionException, InterruptedException {
        admin.abortTransaction(new AbortTransactionSpec(
                        open.partition(), open.producerId(), (short) open.producerEpoch(), open.coordinatorEpoch()))
                .all()
                .get();
    }
}
