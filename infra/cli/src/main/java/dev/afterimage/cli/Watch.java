package dev.afterimage.cli;

import dev.afterimage.stack.StackException;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeSet;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import java.util.stream.StreamSupport;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Prints the committed records of topics as they arrive, as they are. */
@Command(
        name = "watch",
        description = "Prints the records of topics as they arrive: partition@offset, key, headers, value.",
        mixinStandardHelpOptions = true)
final class Watch implements Callable<Integer> {

    @Parameters(arity = "1..*", paramLabel = "TOPIC", description = "for example order.events or order.events.dlq")
    private List<String> topics = List.of();

    @Option(names = "--from-beginning", description = "start with the oldest record instead of the next one")
    private boolean fromBeginning;

    @Option(names = "--max", paramLabel = "N", description = "end after N records")
    private long max = Long.MAX_VALUE;

    @Mixin
    private Ports ports = new Ports();

    @Spec
    private @Nullable CommandSpec spec;

    @Override
    public Integer call() {
        PrintWriter out = Objects.requireNonNull(spec).commandLine().getOut();
        try (KafkaConsumer<byte[], byte[]> consumer = new KafkaConsumer<>(
                Map.of(
                        "bootstrap.servers",
                        ports.bootstrapServers(),
                        "isolation.level",
                        "read_committed",
                        "default.api.timeout.ms",
                        5_000),
                new ByteArrayDeserializer(),
                new ByteArrayDeserializer())) {
            List<TopicPartition> partitions = partitions(consumer);
            consumer.assign(partitions);
            if (fromBeginning) {
                consumer.seekToBeginning(partitions);
            } else {
                consumer.seekToEnd(partitions);
            }
            long left = max;
            while (left > 0) {
                for (ConsumerRecord<byte[], byte[]> each : consumer.poll(Duration.ofSeconds(1))) {
                    out.println(line(each));
                    if (--left == 0) {
                        break;
                    }
                }
                out.flush();
            }
            return 0;
        } catch (KafkaException e) {
            throw new StackException(
                    "No answer from Kafka at " + ports.bootstrapServers()
                            + ": does the pipeline run? Start it with ./mvnw -Pup",
                    e);
        }
    }

    private List<TopicPartition> partitions(KafkaConsumer<byte[], byte[]> consumer) {
        Map<String, ?> existing = consumer.listTopics();
        List<TopicPartition> partitions = new ArrayList<>();
        for (String topic : topics) {
            if (!existing.containsKey(topic)) {
                throw new StackException(
                        "There is no topic " + topic + "; there are " + new TreeSet<>(existing.keySet()));
            }
            consumer.partitionsFor(topic)
                    .forEach(partition -> partitions.add(new TopicPartition(topic, partition.partition())));
        }
        return partitions;
    }

    private static String line(ConsumerRecord<byte[], byte[]> record) {
        String headers = StreamSupport.stream(record.headers().spliterator(), false)
                .map(header -> header.key() + "=" + text(header.value()))
                .collect(Collectors.joining(", ", "{", "}"));
        return "%s %d@%d  %s  %s%n    %s"
                .formatted(
                        record.topic(),
                        record.partition(),
                        record.offset(),
                        text(record.key()),
                        headers,
                        record.value() == null ? "(tombstone)" : text(record.value()));
    }

    private static String text(byte @Nullable [] bytes) {
        return bytes == null ? "(null)" : new String(bytes, StandardCharsets.UTF_8);
    }
}
