package dev.afterimage.stack;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.ListTransactionsOptions;
import org.apache.kafka.clients.admin.TransactionListing;
import org.apache.kafka.clients.admin.TransactionState;

/** A real Kafka Connect worker in distributed mode with Debezium's connectors and, unless told otherwise, exactly-once source support. */
public final class ConnectWorker extends KafkaJvm {

    private static final String GROUP = "afterimage-connect";
    private static final String METRICS = "connect-metrics.yaml";
    private static final String EXACTLY_ONCE_SUPPORT = "exactly.once.support";

    private final String bootstrapServers;
    private final Connectors connectors;
    private boolean exactlyOnce = true;

    /** The worker of that folder and port, not started. */
    public ConnectWorker(StackConfig config) {
        this(config, new KafkaBroker(config).bootstrapServers());
    }

    /** The same on a Kafka that may not be the stack's. */
    ConnectWorker(StackConfig config, String bootstrapServers) {
        super("connect", config, ConnectMain.class, 256);
        this.bootstrapServers = bootstrapServers;
        this.connectors = new Connectors(config.connect());
    }

    /**
     * Starts the worker; Kafka must run.
     *
     * @throws StackException when it cannot run here
     */
    public static ConnectWorker start(StackConfig config) {
        return startForThisRun(new ConnectWorker(config));
    }

    /**
     * From its next start on without a Kafka transaction for each poll: less latency and less work for the broker, but a
     * crash may repeat what was published last.
     */
    public void publishAtLeastOnce() {
        exactlyOnce = false;
    }

    /**
     * Applies the connector of that file; one that requires exactly once of a worker without it does with less.
     *
     * @throws StackException as {@link Connectors#apply(Path)}
     */
    public void apply(Path file) {
        ObjectNode config = Connectors.read(file);
        if (!exactlyOnce && config.has(EXACTLY_ONCE_SUPPORT)) {
            config.put(EXACTLY_ONCE_SUPPORT, "requested");
        }
        connectors.apply(Connectors.name(file), config);
    }

    /** The worker's REST API. */
    public Connectors connectors() {
        return connectors;
    }

    @Override
    protected List<String> prepare() throws IOException {
        abortOpenTransactions();
        return super.prepare();
    }

    /**
     * Ends what a killed worker's tasks left open. A worker reads the offsets topic to its end before it starts any task,
     * and a transaction that is open there holds it up until the broker aborts it (transaction.timeout.ms). Right for the only worker of its group: of several, the others would take the tasks over.
     */
    private void abortOpenTransactions() throws IOException {
        try (Admin admin = KafkaBroker.admin(bootstrapServers)) {
            var ongoing = new ListTransactionsOptions().filterStates(Set.of(TransactionState.ONGOING));
            List<String> ours = admin.listTransactions(ongoing).all().get().stream()
                    .map(TransactionListing::transactionalId)
                    .filter(id -> id.startsWith(GROUP + "-"))
                    .toList();
            admin.fenceProducers(ours).all().get();
        } catch (ExecutionException e) {
            throw new IOException("Kafka does not tell of open transactions: " + e.getMessage(), e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted while Kafka was asked", e);
        }
    }

    /** What the connectors' {@code ${env:…}} stand for here. */
    @Override
    protected Map<String, String> environment() {
        return Map.ofEntries(
                Map.entry("ORDERS_DB_HOST", StackConfig.HOST),
                Map.entry("ORDERS_DB_PORT", Integer.toString(config().postgresPort())),
                Map.entry("ORDERS_DB_NAME", "orders"),
                Map.entry("DEBEZIUM_DB_USER", "debezium"),
                Map.entry("DEBEZIUM_DB_PASSWORD", "debezium"),
                Map.entry("DEBEZIUM_TABLES_DB_USER", "debezium_tables"),
                Map.entry("DEBEZIUM_TABLES_DB_PASSWORD", "debezium_tables"),
                Map.entry("REPLICA_DB_HOST", StackConfig.HOST),
                Map.entry("REPLICA_DB_PORT", Integer.toString(config().postgresPort())),
                Map.entry("REPLICA_DB_NAME", "replica"),
                Map.entry("REPLICA_DB_USER", "replica"),
                Map.entry("REPLICA_DB_PASSWORD", "replica"),
                Map.entry("KAFKA_BOOTSTRAP_SERVERS", StackConfig.HOST + ":" + config().kafkaPort()),
                Map.entry("SCHEMA_REGISTRY_URL", config().registryApi().toString()));
    }

    @Override
    List<String> arguments(Path properties) throws IOException {
        return config().metricsPort() == StackConfig.NO_METRICS
                ? super.arguments(properties)
                : List.of(
                        properties.toString(), StackConfig.HOST + ":" + config().metricsPort() + ":" + copied(METRICS));
    }

    @Override
    Map<String, String> settings(Distribution distribution) {
        Map<String, String> settings = new HashMap<>();
        settings.put("bootstrap.servers", bootstrapServers);
        settings.put("listeners", config().connect().toString());
        settings.put("group.id", GROUP);
        for (String topic : new String[] {"config", "offset", "status"}) {
            settings.put(topic + ".storage.topic", "connect." + topic);
            settings.put(topic + ".storage.replication.factor", "1");
        }
        settings.put("offset.storage.partitions", "1");
        settings.put("status.storage.partitions", "1");
        settings.put("key.converter", "org.apache.kafka.connect.storage.StringConverter");
        settings.put("value.converter", "org.apache.kafka.connect.storage.StringConverter");
        settings.put("plugin.path", distribution.plugins().toString());
        settings.put("plugin.discovery", "service_load");
        settings.put("connector.client.config.override.policy", "All");
        settings.put("exactly.once.source.support", exactlyOnce ? "enabled" : "disabled");
        settings.put("config.providers", "env");
        settings.put("config.providers.env.class", "org.apache.kafka.common.config.provider.EnvVarConfigProvider");
        settings.put(
                "config.providers.env.param.allowlist.pattern",
                "ORDERS_DB_.*|DEBEZIUM_.*|REPLICA_DB_.*|KAFKA_BOOTSTRAP_SERVERS|SCHEMA_REGISTRY_URL");
        settings.put("offset.flush.interval.ms", "1000");
        // a killed worker is out of the group, and its tasks with its successor, within seconds
        settings.put("session.timeout.ms", "2000");
        settings.put("heartbeat.interval.ms", "500");
        settings.put("scheduled.rebalance.max.delay.ms", "0");
        settings.put("reconnect.backoff.max.ms", "200");
        settings.put("producer.reconnect.backoff.max.ms", "200");
        settings.put("consumer.reconnect.backoff.max.ms", "200");
        settings.put("admin.reconnect.backoff.max.ms", "200");
        settings.put("task.shutdown.graceful.timeout.ms", "3000");
        // a source task that fails leaves its transaction open on the offsets topic, and until the broker aborts it, no
        // other source task starts; the default is a minute
        settings.put("producer.transaction.timeout.ms", "20000");
        return settings;
    }

    @Override
    protected Map<String, Integer> ports() {
        return config().metricsPort() == StackConfig.NO_METRICS
                ? Map.of("Kafka Connect", config().connectPort())
                : Map.of(
                        "Kafka Connect",
                        config().connectPort(),
                        "the metrics of Kafka Connect",
                        config().metricsPort());
    }

    @Override
    protected boolean answers() {
        return ok(config().connect().resolve("/connectors"));
    }
}
