package dev.afterimage.cli.service;

import dev.afterimage.stack.KafkaBroker;
import dev.afterimage.stack.Postgres;
import dev.afterimage.stack.Server;
import dev.afterimage.stack.StackConfig;
import dev.afterimage.stack.StackException;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** One of the two services as a process: a JVM with the jar of the build, or the executable of a native build. */
public final class QuarkusService extends Server {

    private static final int HEAP_MB = 128;
    /** The topics of connectors/source-tables.json, so that the event log has every change of a row too. */
    private static final String TABLE_TOPICS =
            "cdc.public.customers,cdc.public.products,cdc.public.orders,cdc.public.order_items";
    /**
     * The folder that has the folders of both services: the repository, or the copy that {@code infra/afterimage}
     * makes.
     */
    private static final Path SERVICES =
            Path.of(System.getProperty("afterimage.services", "")).toAbsolutePath();

    /** The class archives of the pipeline's JVMs; they are in the copy, because they are valid only for its jars. */
    public static final Path ARCHIVES = SERVICES.resolve("archives");

    private final int port;
    private final boolean executable;
    private final Map<String, String> environment = new HashMap<>();

    private QuarkusService(String name, LocalPipelineConfig config, int port) {
        super(name, config.stack());
        this.port = port;
        this.executable = config.nativeServices();
        environment.put("QUARKUS_LOG_CONSOLE_JSON_ENABLED", "false");
        environment.put("QUARKUS_HTTP_HOST", StackConfig.HOST);
        environment.put("QUARKUS_HTTP_PORT", Integer.toString(port));
    }

    static QuarkusService orders(LocalPipelineConfig config) {
        QuarkusService service = new QuarkusService("order-service", config, config.orderPort());
        // the service listens on loopback only
        service.environment.put("ORDERS_SECURITY_ENABLED", "false");
        service.environment.put("QUARKUS_DATASOURCE_JDBC_URL", new Postgres(config.stack()).jdbcUrl("orders"));
        return service;
    }

    static QuarkusService projection(LocalPipelineConfig config) {
        QuarkusService service = new QuarkusService("projection-service", config, config.projectionPort());
        Postgres postgres = new Postgres(config.stack());
        // as above
        service.environment.put("PROJECTION_SECURITY_ENABLED", "false");
        service.environment.put("FEED_TABLE_TOPICS", TABLE_TOPICS);
        service.environment.put("QUARKUS_DATASOURCE_JDBC_URL", postgres.jdbcUrl("projection"));
        service.environment.put("QUARKUS_DATASOURCE_SOURCE_JDBC_URL", postgres.jdbcUrl("orders"));
        service.environment.put("QUARKUS_DATASOURCE_REPLICA_JDBC_URL", postgres.jdbcUrl("replica"));
        service.environment.put("KAFKA_BOOTSTRAP_SERVERS", new KafkaBroker(config.stack()).bootstrapServers());
        service.environment.put("PIPELINE_CONNECT_URL", config.stack().connect().toString());
        service.environment.put("PIPELINE_ORDER_SERVICE_URL", config.orders().toString());
        return service;
    }

    @Override
    protected List<String> prepare() throws IOException {
        if (executable) {
            Path program = SERVICES.resolve(Path.of(name(), "target", name() + "-runner"));
            if (!Files.isExecutable(program)) {
                throw new StackException(
                        name() + " has no executable (" + program + " is missing): run ./mvnw -Dnative package first.");
            }
            // its own folder for temporary files, because Quarkus writes Snappy's library to a file with a fixed name
            Path temporary = Files.createDirectories(home().resolve("tmp").resolve(name()));
            return List.of(program.toString(), "-Xmx" + HEAP_MB + "m", "-Djava.io.tmpdir=" + temporary);
        }
        Path jar = SERVICES.resolve(Path.of(name(), "target", "quarkus-app", "quarkus-run.jar"));
        if (!Files.isRegularFile(jar)) {
            throw new StackException(name() + " is not built (" + jar + " is missing): run ./mvnw package first.");
        }
        return config().jvm().command(name(), HEAP_MB, List.of("-jar", jar.toString()));
    }

    @Override
    protected Map<String, String> environment() {
        return environment;
    }

    @Override
    protected Map<String, Integer> ports() {
        return Map.of(name(), port);
    }

    @Override
    protected boolean answers() {
        return healthy("live");
    }

    /**
     * Whether the service reports that it is ready: its servers are reachable, and its replication slot or consumer
     * works.
     */
    public boolean ready() {
        return healthy("ready");
    }

    private boolean healthy(String check) {
        return ok(URI.create("http://" + StackConfig.HOST + ":" + port + "/q/health/" + check));
    }
}
