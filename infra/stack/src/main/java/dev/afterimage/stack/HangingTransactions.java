package dev.afterimage.stack;

import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
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

    private HangingTransactions() {}

    /** Looks for hanging transactions for a minute, on its own thread. A transaction that is found twice is aborted. */
    static void watch(Supplier<Admin> admins) {
        Thread.ofPlatform().daemon().name("hanging-transactions").start(() -> {
            Instant end = Instant.now().plus(FOR);
            Map<AbortTransactionSpec, Long> before = Map.of();
            while (Instant.now().isBefore(end)) {
                LockSupport.parkNanos(PAUSE.toNanos());
                try (Admin admin = admins.get()) {
                    Map<AbortTransactionSpec, Long> hanging = find(admin);
                    for (Map.Entry<AbortTransactionSpec, Long> open : hanging.entrySet()) {
                        if (open.getValue().equals(before.get(open.getKey()))) {
                            admin.abortTransaction(open.getKey()).all().get();
                        }
                    }
                    before = hanging;
                } catch (ExecutionException | KafkaException e) {
                    before = Map.of(); // the broker is away or still loading
                } catch (InterruptedException e) {
                    return;
                }
            }
        });
    }

    /** The offsets at which hanging transactions start, by the request that aborts them. */
    private static Map<AbortTransactionSpec, Long> find(Admin admin) throws ExecutionException, InterruptedException {
        Set<Long> goingOn =
                admin.listTransactions(new ListTransactionsOptions().filterStates(GOING_ON)).all().get().stream()
                        .map(TransactionListing::producerId)
                        .collect(Collectors.toSet());
        Map<AbortTransactionSpec, Long> hanging = new HashMap<>();
        for (TopicPartition partition : KafkaBroker.partitions(admin)) {
            for (ProducerState producer : admin.describeProducers(List.of(partition))
                    .partitionResult(partition)
                    .get()
                    .activeProducers()) {
                if (producer.currentTransactionStartOffset().isPresent() && !goingOn.contains(producer.producerId())) {
                    AbortTransactionSpec abort = new AbortTransactionSpec(
                            partition,
                            producer.producerId(),
                            (short) producer.producerEpoch(),
                            producer.coordinatorEpoch().orElse(0));
                    hanging.put(abort, producer.currentTransactionStartOffset().getAsLong());
                }
            }
        }
        return hanging;
    }
}
