package dev.afterimage.cli;

import static dev.afterimage.cli.TestPipeline.LIMIT;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.afterimage.cli.TestPipeline.Run;
import dev.afterimage.stack.StackConfig;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Future;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.StringSerializer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** The commands that read topics and tables, on topics of this test's own: order, size, waiting, and the end. */
@ExtendWith(TestPipeline.Shared.class)
class ReadersIT {

    private static final String TOPIC = "readers.events";
    private static final long BEGAN = System.currentTimeMillis();

    private final TestPipeline pipeline;

    @TempDir
    Path folder;

    ReadersIT(TestPipeline pipeline) {
        this.pipeline = pipeline;
    }

    @AfterEach
    void leaveNothing() throws Exception {
        try (Admin admin = pipeline.kafka().admin()) {
            if (admin.listTopics().names().get().contains(TOPIC)) {
                admin.deleteTopics(List.of(TOPIC)).all().get();
            }
        }
    }

    /** Writes events of as many keys, one a millisecond, on two partitions: a thousand on one, a thousand on the other. */
    private void fill(int count) throws Exception {
        try (Admin admin = pipeline.kafka().admin()) {
            admin.createTopics(List.of(new NewTopic(TOPIC, 2, (short) 1))).all().get();
        }
        try (KafkaProducer<String, String> producer = new KafkaProducer<>(
                Map.of("bootstrap.servers", pipeline.kafka().bootstrapServers()),
                new StringSerializer(),
                new StringSerializer())) {
            String row = "{\"op\":\"c\",\"after\":{\"n\":%d,\"text\":\"" + "x".repeat(900) + "\"}}";
            List<Future<?>> sent = new ArrayList<>();
            for (int i = 0; i < count; i++) {
                sent.add(producer.send(
                        new ProducerRecord<>(TOPIC, i / 1_000 % 2, BEGAN + i, Integer.toString(i), row.formatted(i))));
            }
            for (Future<?> each : sent) {
                each.get();
            }
        }
    }

    @Test
    void topicsAndPartitionsAreMergedByTimeAndTheNewestAreLast() throws Exception {
        fill(5_000);
        Run all = pipeline.run("watch", TOPIC, "--from-beginning", "--no-follow", "--json");
        List<Integer> order = new ArrayList<>();
        for (String line : all.out().lines().toList()) {
            order.add(new ObjectMapper().readTree(line).path("key").asInt());
        }
        assertThat(order).hasSize(5_000).isSorted();
        assertThat(pipeline.run("watch", TOPIC, "--last", "2", "--no-follow", "--json")
                        .out()
                        .lines())
                .hasSize(2)
                .last()
                .asString()
                .contains("\"key\":\"4999\"");
        assertThat(pipeline.run("view", "--once", TOPIC, "--limit", "2").out())
                .containsPattern("n +text\n4999 +x+\n4998 +x+\n");
    }

    @Test
    void commandsReadMoreThanTheirMemory() throws Exception {
        fill(60_000);
        assertThat(printed("view", "--once", TOPIC, "--where", "n >= 30000", "--limit", "1"))
                .containsPattern("readers +60000 +60000 +0 ")
                .containsPattern("30000 of readers where n >= 30000, of which the newest [0-9]+ are kept")
                .containsPattern("59999 +x+\ncode 0\n$");
        assertThat(printed(
                        "sql",
                        "projection",
                        "select 1; select n, repeat(chr(120), 900) as text from generate_series(1, 60000) n"))
                .containsPattern("60000 +x+\ncode 0\n$");
    }

    /** The last 3 KB of what the command prints, with little memory. */
    private String printed(String... arguments) throws Exception {
        Process shell = new ProcessBuilder(
                        "sh", "-c", "{ %s; echo code $?; } 2>&1 | tail -c 3000".formatted(program("40m", arguments)))
                .start();
        return new String(shell.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    }

    @Test
    void aWatchSaysThatItWaitsForATopicAndThatItListens() throws Exception {
        Path told = folder.resolve("told");
        Process watch = new ProcessBuilder("sh", "-c", "exec " + program("96m", "watch", TOPIC, "--max=3"))
                .redirectErrorStream(true)
                .redirectOutput(told.toFile())
                .start();
        try {
            await().atMost(LIMIT).until(() -> Files.readString(told)
                    .equals("There is no topic readers.events yet: waiting for it.\n"));
            fill(3);
            await().atMost(LIMIT).until(() -> !watch.isAlive());
            assertThat(Files.readString(told)).contains("c readers.events 0@2  2", "Listening on readers.events.\n");
        } finally {
            watch.destroy();
        }
    }

    @Test
    void aGroupThatIsGoneIsNoDangerAndIsForgotten() throws Exception {
        fill(3);
        try (Admin admin = pipeline.kafka().admin()) {
            admin.alterConsumerGroupOffsets("gone", Map.of(new TopicPartition(TOPIC, 0), new OffsetAndMetadata(0)))
                    .all()
                    .get();
        }
        await().atMost(LIMIT).until(() -> pipeline.run("status", "--max-behind=1s")
                .out()
                .matches("(?s).*WARN  gone is [0-9.]+ m?s behind on readers.events and has no members.*"));
        assertThat(pipeline.run("status", "forget", "gone").out()).isEqualTo("Group gone is forgotten.\n");
        assertThat(pipeline.run("status", "--max-behind=1s").out()).doesNotContain("gone is");
        assertThat(pipeline.run("status", "forget", "gone").err())
                .startsWith("There is no consumer group gone, only ")
                .contains("connect-replica-sink, ", "projection\n");
        Run used = pipeline.run("status", "forget", "projection");
        assertThat(used.err()).isEqualTo("Group projection has members: stop them first.\n");
        assertThat(used.code()).isEqualTo(1);
    }

    @Test
    void aConnectorsGroupIsNotGoneWhileConnectIsAway() throws Exception {
        fill(3);
        String noConnect = "--connect-port=" + StackConfig.freePorts(1).getFirst();
        String[] status = Stream.concat(
                        Stream.of("status", "--max-behind=1s"),
                        pipeline.options().stream()
                                .map(option -> option.startsWith("--connect-port=") ? noConnect : option))
                .toArray(String[]::new);
        try (Admin admin = pipeline.kafka().admin()) {
            admin.alterConsumerGroupOffsets(
                            "connect-away", Map.of(new TopicPartition(TOPIC, 0), new OffsetAndMetadata(0)))
                    .all()
                    .get();
            await().atMost(LIMIT).until(() -> TestPipeline.execute(status)
                    .out()
                    .matches("(?s).*CRIT  connect-away is [0-9.]+ m?s behind on readers.events\n.*"));
            admin.deleteConsumerGroups(List.of("connect-away")).all().get();
        }
    }

    @Test
    void markersAndTombstonesAreNoLag() throws Exception {
        fill(1);
        try (KafkaProducer<String, String> producer = new KafkaProducer<>(
                        Map.of("bootstrap.servers", pipeline.kafka().bootstrapServers(), "transactional.id", "markers"),
                        new StringSerializer(),
                        new StringSerializer());
                Admin admin = pipeline.kafka().admin()) {
            producer.initTransactions();
            for (int i = 0; i < 3; i++) {
                producer.beginTransaction();
                var _ = producer.send(new ProducerRecord<>(TOPIC, 0, "0", null));
                producer.commitTransaction();
            }
            admin.alterConsumerGroupOffsets("marked", Map.of(new TopicPartition(TOPIC, 0), new OffsetAndMetadata(1)))
                    .all()
                    .get();
            assertThat(pipeline.run("status").out()).containsPattern("marked +readers.events +0 +-\n");
            admin.alterConsumerGroupOffsets("marked", Map.of(new TopicPartition(TOPIC, 0), new OffsetAndMetadata(0)))
                    .all()
                    .get();
            assertThat(pipeline.run("status").out()).containsPattern("marked +readers.events +7 +[0-9.]+ s\n");
            admin.deleteConsumerGroups(List.of("marked")).all().get();
        }
    }

    @Test
    void anOpenTransactionIsToldWithTheTopicsWhoseRecordsItHides() throws Exception {
        fill(1);
        try (KafkaProducer<String, String> producer = new KafkaProducer<>(
                Map.of("bootstrap.servers", pipeline.kafka().bootstrapServers(), "transactional.id", "forgotten"),
                new StringSerializer(),
                new StringSerializer())) {
            producer.initTransactions();
            producer.beginTransaction();
            var _ = producer.send(new ProducerRecord<>(TOPIC, 0, "0", "hides"));
            producer.flush();
            await().atMost(LIMIT).until(() -> pipeline.run("status", "--max-behind=2s")
                    .out()
                    .replaceAll("\\s+", " ")
                    .matches(".*CRIT transaction forgotten has been open for [0-9.]+ s and hides later records of"
                            + " readers.events .*"));
            producer.abortTransaction();
            assertThat(pipeline.run("status", "--max-behind=2s").out()).doesNotContain("transaction forgotten");
        }
    }

    @Test
    void whatCannotRunInATransactionRunsWithoutOne() {
        Run vacuum = pipeline.run("sql", "projection", "vacuum pg_catalog.pg_am");
        assertThat(vacuum.code()).as(vacuum.toString()).isZero();
    }

    private String program(String memory, String... arguments) {
        return "%s -Xmx%s -XX:+UseSerialGC --enable-native-access=ALL-UNNAMED -cp '%s' dev.afterimage.cli.Afterimage %s"
                .formatted(
                        Path.of(System.getProperty("java.home"), "bin", "java"),
                        memory,
                        System.getProperty("java.class.path"),
                        Stream.concat(Stream.of(arguments), pipeline.options().stream())
                                .collect(Collectors.joining("' '", "'", "'")));
    }
}
