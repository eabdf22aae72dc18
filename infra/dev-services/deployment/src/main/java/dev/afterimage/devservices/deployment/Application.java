package dev.afterimage.devservices.deployment;

import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.afterimage.devservices.deployment.OutboxDevServicesConfig.Data;
import dev.afterimage.stack.StackConfig;
import dev.afterimage.stack.StackRequest;
import io.quarkus.bootstrap.model.ApplicationModel;
import io.quarkus.deployment.builditem.DevServicesResultBuildItem;
import io.quarkus.runtime.LaunchMode;
import io.quarkus.runtime.configuration.ConfigurationException;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.function.Supplier;
import org.eclipse.microprofile.config.Config;
import org.jspecify.annotations.Nullable;

/** The parts of the pipeline that the application needs: all that it uses and has no configured address of. */
final class Application {

    private static final ObjectMapper JSON = new ObjectMapper();
    private static final String JDBC = "quarkus-jdbc-postgresql";
    private static final String REACTIVE = "quarkus-reactive-pg-client";
    private static final String URL = "quarkus.datasource.jdbc.url";
    private static final String REACTIVE_URL = "quarkus.datasource.reactive.url";
    private static final String USER = "quarkus.datasource.username";
    private static final String PASSWORD = "quarkus.datasource.password";
    private static final String KAFKA = "kafka.bootstrap.servers";
    /** The user and the password of Quarkus' own dev services. */
    private static final String DEFAULT = "quarkus";

    private final OutboxDevServicesConfig config;
    private final Config settings;
    private final ApplicationModel model;
    private final LaunchMode mode;
    private final String name;
    private final Path folder;

    Application(OutboxDevServicesConfig config, Config settings, ApplicationModel model, LaunchMode mode, String name) {
        this.config = config;
        this.settings = settings;
        this.model = model;
        this.mode = mode;
        this.name = name.toLowerCase(Locale.ROOT).replaceAll("[^a-z0-9]", "_");
        this.folder = model.getApplicationModule() == null
                ? Path.of("").toAbsolutePath()
                : model.getApplicationModule().getModuleDir().toPath().toAbsolutePath();
    }

    boolean needsAnything() {
        StackRequest request = request();
        return request.database() != null
                || request.kafka()
                || !request.connectors().isEmpty();
    }

    StackRequest request() {
        StackRequest.Database database =
                usesPostgres() && set(URL).isEmpty() && set(REACTIVE_URL).isEmpty() ? database() : null;
        List<StackRequest.Connector> connectors = connectors(database != null);
        return new StackRequest(
                database,
                database == null ? elsewhere() : null,
                set(KAFKA).isEmpty() && uses("kafka-clients"),
                config.topics().map(this::path).map(Path::toString).orElse(null),
                connectors,
                // a test must not miss the events of its first operation; a publication that the application's
                // migrations create does not exist yet
                mode == LaunchMode.TEST && connectors.stream().allMatch(StackRequest.Connector::publish));
    }

    private boolean usesPostgres() {
        return uses(JDBC) || uses(REACTIVE);
    }

    private boolean uses(String artifact) {
        return model.getRuntimeDependencies().stream()
                .anyMatch(dependency -> dependency.getArtifactId().equals(artifact));
    }

    private boolean hasOutbox() {
        return uses("debezium-quarkus-outbox") || uses("debezium-quarkus-outbox-reactive");
    }

    private Optional<String> set(String key) {
        return settings.getOptionalValue(key, String.class).filter(value -> !value.isBlank());
    }

    private StackRequest.Database database() {
        Map<String, String> roles = new LinkedHashMap<>();
        config.roles().ifPresent(more -> more.forEach(role -> roles.put(role, role)));
        String user = set(USER).orElse(DEFAULT);
        roles.put(user, set(PASSWORD).orElse(DEFAULT));
        Optional<String> migrations = set("quarkus.flyway.username");
        migrations.ifPresent(
                owner -> roles.put(owner, set("quarkus.flyway.password").orElse(DEFAULT)));
        return new StackRequest.Database(databaseName(), migrations.orElse(user), roles);
    }

    String databaseName() {
        return config.database().orElse(name);
    }

    private StackRequest.@Nullable Login elsewhere() {
        return set(URL).map(url -> new StackRequest.Login(
                        url, set(USER).orElse(DEFAULT), set(PASSWORD).orElse(DEFAULT)))
                .orElse(null);
    }

    private List<StackRequest.Connector> connectors(boolean ownDatabase) {
        List<StackRequest.Connector> connectors = new ArrayList<>();
        if (hasOutbox() || config.connectorFile().isPresent()) {
            connectors.add(outbox(ownDatabase));
        }
        for (String file : config.extraConnectors().orElse(List.of())) {
            connectors.add(new StackRequest.Connector(connectorName(file), read(file), null, true));
        }
        return connectors;
    }

    private StackRequest.Connector outbox(boolean ownDatabase) {
        OutboxTable table = OutboxTable.read(settings);
        Optional<String> file = config.connectorFile();
        Map<String, String> connector = file.map(this::read).orElseGet(() -> table.connector(slot(), config.topic()));
        connector.putIfAbsent("topic.creation.default.partitions", "1");
        connector.putIfAbsent("topic.creation.default.replication.factor", "1");
        connector.putAll(config.connector());
        boolean publish = ownDatabase && file.isEmpty();
        if (!ownDatabase && file.isEmpty()) {
            connector.putAll(addressOf(elsewhere()));
            connector.put("publication.autocreate.mode", "filtered");
        }
        return new StackRequest.Connector(
                file.map(Application::connectorName).orElse(slot().replace('_', '-')),
                connector,
                table.expected(),
                publish);
    }

    /** The name of the slot; PostgreSQL's names have at most 63 bytes. */
    private String slot() {
        return name.substring(0, Math.min(name.length(), 56)) + "_outbox";
    }

    static Map<String, String> addressOf(StackRequest.@Nullable Login login) {
        if (login == null || !login.jdbcUrl().startsWith("jdbc:postgresql://")) {
            throw new ConfigurationException("The outbox connector needs a PostgreSQL address like"
                    + " jdbc:postgresql://host:5432/database: set " + URL + " to such an address, or remove it.");
        }
        URI address = URI.create(login.jdbcUrl().substring("jdbc:".length()));
        return Map.of(
                "database.hostname", address.getHost(),
                "database.port", Integer.toString(address.getPort() < 0 ? 5432 : address.getPort()),
                "database.dbname", address.getPath().substring(1),
                "database.user", login.user(),
                "database.password", login.password());
    }

    private Map<String, String> read(String file) {
        try {
            return new HashMap<>(JSON.readValue(path(file).toFile(), new TypeReference<Map<String, String>>() {}));
        } catch (IOException e) {
            throw new ConfigurationException(
                    "The connector file " + path(file) + " cannot be read as a JSON object of settings: "
                            + e.getMessage(),
                    e);
        }
    }

    private static String connectorName(String file) {
        return Path.of(file).getFileName().toString().replace(".json", "");
    }

    private Path path(String relative) {
        return folder.resolve(relative).normalize();
    }

    StackRequest.Place place(Supplier<Path> distribution, List<Path> classPath) {
        OutboxDevServicesConfig.Ports ports = config.ports();
        return new StackRequest.Place(
                home(),
                config.data().orElse(mode == LaunchMode.TEST ? Data.FRESH : Data.KEPT) == Data.FRESH,
                ports.postgres(),
                ports.kafka(),
                ports.connect(),
                set(KAFKA).orElse(null),
                distribution.get(),
                classPath);
    }

    /**
     * The folder of the shared stack. An external broker is a part of the shared stack, so applications with one have a
     * separate folder.
     */
    private Path home() {
        Path base = config.folder()
                .map(this::path)
                .orElseGet(() -> (mode == LaunchMode.TEST ? folder : outermost(folder))
                        .resolve("target")
                        .resolve("outbox-dev-services"));
        return set(KAFKA)
                .map(kafka -> base.resolveSibling(base.getFileName() + "-" + Integer.toHexString(kafka.hashCode())))
                .orElse(base);
    }

    private static Path outermost(Path module) {
        Path outermost = module;
        for (Path at = module.getParent(); at != null && Files.exists(at.resolve("pom.xml")); at = at.getParent()) {
            outermost = at;
        }
        return outermost;
    }

    /** A text that changes when the services have to be started anew. */
    String identity() {
        OutboxDevServicesConfig.Ports ports = config.ports();
        return name + request() + home() + ports.postgres() + ports.kafka() + ports.connect();
    }

    /** Connect in a container, for a database and a broker of Quarkus or of the user. */
    DevServicesResultBuildItem container(String feature) {
        StackRequest request = request();
        StackRequest.Login login = new StackRequest.Login(
                set(URL).orElse(""), set(USER).orElse(DEFAULT), set(PASSWORD).orElse(DEFAULT));
        int port = config.ports().connect() == 0
                ? StackConfig.freePorts(1).getFirst()
                : config.ports().connect();
        return DevServicesResultBuildItem.<ConnectContainer>owned()
                .feature(feature)
                .serviceName(name)
                .serviceConfig(identity())
                .dependsOnConfig(KAFKA, ConnectContainer::kafka, set(KAFKA).isPresent())
                .dependsOnConfig(URL, ConnectContainer::database, set(URL).isPresent())
                .startable(() -> {
                    ConnectContainer connect = new ConnectContainer(config.image(), port, request, login);
                    set(KAFKA).ifPresent(connect::kafka);
                    return connect;
                })
                .configProvider(Map.of("outbox.devservices.connect-url", ConnectContainer::url))
                .build();
    }

    /** The settings that the running services give to the application, unless the application sets them itself. */
    Map<String, Function<OutboxDevService, String>> provided() {
        Map<String, Function<OutboxDevService, String>> provided = new LinkedHashMap<>();
        if (request().database() != null) {
            Function<OutboxDevService, String> address =
                    service -> "postgresql://" + service.addresses().postgres() + "/" + databaseName();
            if (uses(JDBC)) {
                provided.put(URL, service -> "jdbc:" + address.apply(service));
            }
            if (uses(REACTIVE)) {
                provided.put(REACTIVE_URL, address);
            }
            if (set(USER).isEmpty()) {
                provided.put(USER, service -> DEFAULT);
            }
            if (set(PASSWORD).isEmpty()) {
                provided.put(PASSWORD, service -> DEFAULT);
            }
        }
        if (set(KAFKA).isEmpty()) {
            provided.put(KAFKA, service -> service.addresses().kafka());
        }
        provided.put(
                "outbox.devservices.postgres", service -> service.addresses().postgres());
        provided.put(
                "outbox.devservices.connect-url", service -> service.addresses().connect());
        return provided;
    }
}
