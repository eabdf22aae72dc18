package dev.afterimage.stack;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.common.TopicPartition;

/**
 * A real Kafka broker in KRaft mode, which is also its controller, with the topics of {@code connectors/topics.json}.
 */
public final class KafkaBroker extends KafkaJvm {

    private final boolean empty;

    /** Creates the broker with the folder and the port of the configuration; does not start it. */
    public KafkaBroker(StackConfig config) {
        this(config, false);
    }

    /** @param empty whether it has none of Afterimage's topics, for other applications */
    KafkaBroker(StackConfig config, boolean empty) {
        super("kafka", config, KafkaMain.class, 192);
        this.empty = empty;
    }

    /**
     * Starts the broker with the data of earlier runs, or with a newly formatted folder.
     *
     * @throws StackException when it cannot run here
     */
    public static KafkaBroker start(StackConfig config) {
        return startForThisRun(new KafkaBroker(config));
    }

    public String bootstrapServers() {
        return StackConfig.HOST + ":" + config().kafkaPort();
    }

    @Override
    Map<String, String> settings(Distribution distribution) {
        String client = StackConfig.HOST + ":" + config().kafkaPort();
        String controller = StackConfig.HOST + ":" + config().controllerPort();
        Map<String, String> settings = new HashMap<>();
        settings.put("process.roles", "broker,controller");
        settings.put("node.id", "1");
        settings.put("controller.quorum.voters", "1@" + controller);
        settings.put("controller.listener.names", "CONTROLLER");
        settings.put("listeners", "PLAINTEXT://" + client + ",CONTROLLER://" + controller);
        settings.put("advertised.listeners", "PLAINTEXT://" + client);
        settings.put("listener.security.protocol.map", "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT");
        settings.put("log.dirs", home().resolve("kafka").toString());
        settings.put("auto.create.topics.enable", "false");
        settings.put("offsets.topic.replication.factor", "1");
        settings.put("offsets.topic.num.partitions", "4");
        settings.put("transaction.state.log.replication.factor", "1");
        settings.put("transaction.state.log.min.isr", "1");
        settings.put("transaction.state.log.num.partitions", "4");
        settings.put("share.coordinator.state.topic.replication.factor", "1");
        settings.put("share.coordinator.state.topic.min.isr", "1");
        settings.put("num.network.threads", "2");
        settings.put("num.io.threads", "4");
        // the default of 128 MB does not fit into the heap
        settings.put("log.cleaner.dedupe.buffer.size", "16777216");
        // the defaults, 9 s and 3 s, would make a restart after a kill so much slower than a start
        settings.put("broker.session.timeout.ms", "2000");
        settings.put("broker.heartbeat.interval.ms", "500");
        settings.put("group.initial.rebalance.delay.ms", "0");
        settings.put("group.min.session.timeout.ms", "1000");
        return settings;
    }

    @Override
    protected Map<String, Integer> ports() {
        return Map.of("Kafka", config().kafkaPort(), "Kafka's controller", config().controllerPort());
    }

    @Override
    protected boolean answers() {
        try (Socket socket = new Socket()) {
            socket.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), config().kafkaPort()), 200);
        } catch (IOException e) {
            return false;
        }
        try (Admin admin = admin()) {
            return !admin.describeCluster().nodes().get(2, TimeUnit.SECONDS).isEmpty();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        } catch (ExecutionException | TimeoutException e) {
            return false;
        }
    }

    /** An admin client; the caller closes it. */
    public Admin admin() {
        return admin(bootstrapServers());
    }

    static Admin admin(String bootstrapServers) {
        return Admin.create(Map.of(
                "bootstrap.servers", bootstrapServers,
                "default.api.timeout.ms", 10_000,
                "request.timeout.ms", 5_000,
                "reconnect.backoff.max.ms", 200));
    }

    /** The partitions of all topics. */
    public static List<TopicPartition> partitions(Admin admin) throws ExecutionException, InterruptedException {
        return admin.describeTopics(admin.listTopics().names().get()).allTopicNames().get().values().stream()
                .flatMap(topic -> topic.partitions().stream()
                        .map(partition -> new TopicPartition(topic.name(), partition.partition())))
                .toList();
    }

    @Override
    protected void provision() {
        if (!empty) {
            createTopics(Connectors.folder().resolve("topics.json"));
        }
        HangingTransactions.watch(this::admin);
    }

    /**
     * Creates the topics of the file that do not exist yet; {@code connectors/topics.json} is an example of the format.
     */
    void createTopics(Path file) {
        try (Admin admin = admin()) {
            Set<String> existing = admin.listTopics().names().get();
            List<NewTopic> missing = new ArrayList<>();
            JsonNode topics = new ObjectMapper().readTree(file.toFile());
            topics.properties().stream()
                    .filter(topic -> !existing.contains(topic.getKey()))
                    .forEach(topic -> {
                        Map<String, String> settings = new HashMap<>();
                        topic.getValue()
                                .path("config")
                                .properties()
                                .forEach(setting -> settings.put(
                                        setting.getKey(), setting.getValue().asText()));
                        int partitions = topic.getValue().path("partitions").asInt(1);
                        missing.add(new NewTopic(topic.getKey(), partitions, (short) 1).configs(settings));
                    });
            admin.createTopics(missing).all().get();
        } catch (IOException e) {
            throw new StackException("Cannot read " + file + ": " + e.getMessage(), e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new StackException("Interrupted while Kafka created the topics", e);
        } catch (ExecutionException e) {
            throw new StackException("Kafka cannot create the topics of " + file + ": " + e.getCause(), e);
        }
    }
}
