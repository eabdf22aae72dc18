package dev.afterimage.bench;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.afterimage.stack.Connectors;
import dev.afterimage.stack.KafkaBroker;
import dev.afterimage.stack.Postgres;
import dev.afterimage.stack.StackConfig;
import java.io.IOException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;

/**
 * One of the two compared pipelines: a service that takes orders, connectors, and a service that consumes the events.
 *
 * @param exactlyOnce whether Connect works with Kafka transactions
 * @param orders creates the process that takes orders
 * @param consumer creates the process that consumes
 * @param group the consumer group
 * @param placed where each placed order is
 * @param readable where the consumer writes each order
 * @param variants the ways to connect both
 */
record PeerSide(
        boolean exactlyOnce,
        Supplier<QuarkusJar> orders,
        Supplier<QuarkusJar> consumer,
        String group,
        Rows placed,
        Rows readable,
        List<Variant> variants) {

    /** The topic of the example's events, with one partition, as a broker creates topics by default. */
    static final String EXAMPLE_TOPIC = "PurchaseOrder.events";
    /** The databases of the example's services. */
    static final List<String> EXAMPLE_DATABASES = List.of("peer_orders", "peer_consumer");

    /** As {@code infra/afterimage up} runs a service: a small heap. The last of two such options counts. */
    private static final List<String> JVM = List.of("-Xmx128m");

    private static final ObjectMapper JSON = new ObjectMapper();

    /**
     * The table of orders in a database.
     *
     * @param id the column of the order's id
     * @param type the type of this column
     */
    record Rows(String database, String table, String id, String type) {}

    /**
     * A set of connectors.
     *
     * @param name the column of the result
     * @param connectors the configuration by name
     * @param followers where each order is after the connectors and the consumer have caught up
     */
    record Variant(String name, Map<String, ObjectNode> connectors, List<Rows> followers) {}

    /** The two services and the connectors of this repository, with the settings of {@code infra/afterimage up}. */
    static PeerSide afterimage(
            StackConfig stack, Postgres postgres, KafkaBroker kafka, int orderPort, int projectionPort)
            throws IOException {
        Map<String, String> shop = Map.of("QUARKUS_DATASOURCE_JDBC_URL", postgres.jdbcUrl("orders"));
        Map<String, String> projection = Map.of(
                "QUARKUS_DATASOURCE_JDBC_URL", postgres.jdbcUrl("projection"),
                "QUARKUS_DATASOURCE_SOURCE_JDBC_URL", postgres.jdbcUrl("orders"),
                "QUARKUS_DATASOURCE_REPLICA_JDBC_URL", postgres.jdbcUrl("replica"),
                "FEED_TABLE_TOPICS", shipped("replica-sink").path("topics").asText(),
                "KAFKA_BOOTSTRAP_SERVERS", kafka.bootstrapServers(),
                "PIPELINE_CONNECT_URL", stack.connect().toString(),
                "PIPELINE_ORDER_SERVICE_URL", "http://" + StackConfig.HOST + ":" + orderPort);
        Rows readable = new Rows("projection", "cdc_processed.orders", "id", "uuid");
        Map<String, ObjectNode> outbox = Map.of("order-outbox", shipped("order-outbox"));
        Map<String, ObjectNode> all = new HashMap<>(outbox);
        all.put("source-tables", shipped("source-tables"));
        all.put("replica-sink", shipped("replica-sink"));
        return new PeerSide(
                true,
                () -> jar("order-service", stack, Path.of("order-service"), orderPort, shop),
                () -> jar("projection-service", stack, Path.of("projection-service"), projectionPort, projection),
                "projection",
                new Rows("orders", "orders", "id", "uuid"),
                readable,
                List.of(
                        new Variant("Afterimage, outbox connector only", outbox, List.of(readable)),
                        new Variant(
                                "Afterimage, three connectors",
                                all,
                                List.of(readable, new Rows("replica", "orders", "id", "uuid")))));
    }

    /** The example: its services, and its connector with default settings. */
    static PeerSide example(StackConfig stack, Postgres postgres, KafkaBroker kafka, int orderPort, int consumerPort)
            throws IOException {
        Path module = Path.of("infra/bench/peer");
        Map<String, String> orders = Map.of(
                "QUARKUS_DATASOURCE_JDBC_URL",
                postgres.jdbcUrl(EXAMPLE_DATABASES.get(0)),
                "MP_MESSAGING_INCOMING_ORDERS_ENABLED",
                "false");
        Map<String, String> consumer = Map.of(
                "QUARKUS_DATASOURCE_JDBC_URL",
                postgres.jdbcUrl(EXAMPLE_DATABASES.get(1)),
                "KAFKA_BOOTSTRAP_SERVERS",
                kafka.bootstrapServers());
        Rows readable = new Rows(EXAMPLE_DATABASES.get(1), "receivedorder", "orderid", "bigint");
        ObjectNode asItShips = exampleConnector(stack);
        ObjectNode polledAsOurs = asItShips.deepCopy();
        ObjectNode ours = shipped("order-outbox");
        for (String setting : List.of("poll.interval.ms", "producer.override.linger.ms")) {
            polledAsOurs.set(setting, ours.required(setting));
        }
        return new PeerSide(
                false,
                () -> jar("peer-orders", stack, module, orderPort, orders),
                () -> jar("peer-consumer", stack, module, consumerPort, consumer),
                "peer",
                new Rows(EXAMPLE_DATABASES.get(0), "purchaseorder", "id", "bigint"),
                readable,
                List.of(
                        new Variant("the example, polled as ours", Map.of("peer", polledAsOurs), List.of(readable)),
                        new Variant("the example, as it ships", Map.of("peer", asItShips), List.of(readable))));
    }

    private static ObjectNode exampleConnector(StackConfig stack) {
        ObjectNode connector = JSON.createObjectNode()
                .put("connector.class", "io.debezium.connector.postgresql.PostgresConnector")
                .put("tasks.max", "1")
                .put("plugin.name", "pgoutput")
                .put("database.hostname", StackConfig.HOST)
                .put("database.port", Integer.toString(stack.postgresPort()))
                .put("database.user", "postgres")
                .put("database.password", "postgres")
                .put("database.dbname", EXAMPLE_DATABASES.get(0))
                .put("topic.prefix", "peer")
                .put("table.include.list", "public.outboxevent")
                .put("tombstones.on.delete", "false")
                .put("transforms", "outbox")
                .put("transforms.outbox.type", "io.debezium.transforms.outbox.EventRouter")
                .put("transforms.outbox.route.topic.replacement", "${routedByValue}.events");
        // the converters of the example's worker
        for (String converter : List.of("key.converter", "value.converter")) {
            connector
                    .put(converter, "org.apache.kafka.connect.json.JsonConverter")
                    .put(converter + ".schemas.enable", "false");
        }
        return connector;
    }

    private static QuarkusJar jar(String name, StackConfig stack, Path module, int port, Map<String, String> settings) {
        return new QuarkusJar(name, stack, module.resolve("target/quarkus-app/quarkus-run.jar"), JVM, port, settings);
    }

    private static ObjectNode shipped(String connector) throws IOException {
        return JSON.readValue(Connectors.folder().resolve(connector + ".json").toFile(), ObjectNode.class);
    }
}
