package dev.afterimage.devservices.deployment;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.afterimage.stack.Connectors;
import dev.afterimage.stack.Databases;
import dev.afterimage.stack.StackConfig;
import dev.afterimage.stack.StackRequest;
import io.quarkus.deployment.builditem.Startable;
import java.net.URI;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import org.testcontainers.containers.GenericContainer;
import org.testcontainers.containers.wait.strategy.Wait;
import org.testcontainers.utility.DockerImageName;

/**
 * Kafka Connect from Debezium's image, beside the PostgreSQL and the Kafka of Quarkus' own dev services. It uses the
 * host's network, because those services give out addresses of the host, and Kafka directs its clients to them.
 */
final class ConnectContainer extends GenericContainer<ConnectContainer> implements Startable {

    private static final ObjectMapper JSON = new ObjectMapper();
    private static final String STRINGS = "org.apache.kafka.connect.storage.StringConverter";

    private final int port;
    private final StackRequest request;
    private StackRequest.Login login;

    ConnectContainer(String image, int port, StackRequest request, StackRequest.Login login) {
        super(DockerImageName.parse(image));
        this.port = port;
        this.request = request;
        this.login = login;
        withNetworkMode("host");
        withEnv(Map.of(
                "GROUP_ID", "outbox-dev-services",
                "CONFIG_STORAGE_TOPIC", "connect.config",
                "OFFSET_STORAGE_TOPIC", "connect.offset",
                "STATUS_STORAGE_TOPIC", "connect.status",
                "KEY_CONVERTER", STRINGS,
                "VALUE_CONVERTER", STRINGS,
                "OFFSET_FLUSH_INTERVAL_MS", "1000",
                "CONNECT_LISTENERS", "http://" + StackConfig.HOST + ":" + port,
                "CONNECT_EXACTLY_ONCE_SOURCE_SUPPORT", "enabled",
                "CONNECT_CONNECTOR_CLIENT_CONFIG_OVERRIDE_POLICY", "All"));
        waitingFor(Wait.forLogMessage(".*Finished starting connectors and tasks.*", 1));
        withStartupTimeout(Duration.ofMinutes(2));
    }

    /** Sets the address of Quarkus' Kafka. */
    void kafka(String bootstrapServers) {
        withEnv("BOOTSTRAP_SERVERS", bootstrapServers.replaceAll("[A-Z]+://", ""));
    }

    /** Sets the address of Quarkus' PostgreSQL. */
    void database(String jdbcUrl) {
        login = new StackRequest.Login(jdbcUrl, login.user(), login.password());
    }

    @Override
    public void start() {
        super.start();
        for (StackRequest.Connector connector : request.connectors()) {
            Map<String, String> config = new HashMap<>(connector.config());
            if (connector.outbox() != null) {
                config.putAll(Application.addressOf(login));
                if (connector.publish()) {
                    Databases.publish(login, connector, connector.outbox());
                }
            }
            new Connectors(URI.create(url())).apply(connector.name(), JSON.valueToTree(config));
        }
    }

    String url() {
        return "http://" + StackConfig.HOST + ":" + port;
    }

    @Override
    public String getConnectionInfo() {
        return url();
    }

    @Override
    public void close() {
        super.close();
    }
}
