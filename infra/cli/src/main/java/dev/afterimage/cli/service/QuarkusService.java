package dev.afterimage.cli.service;

import dev.afterimage.stack.Jvm;
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
    private final Map<String, String> environment;

    private QuarkusService(String name, LocalPipelineConfig config, int port, Map<String, String> environment) {
        super(name, config.stack());
        this.port = port;
        this.executable = config.nativeServices();
        this.environment = new HashMap<>(environment);
        this.environment.put("QUARKUS_LOG_CONSOLE_JSON_ENABLED", "false");
        this.environment.put("QUARKUS_HTTP_HOST", StackConfig.HOST);
        this.environment.put("QUARKUS_HTTP_PORT", Integer.toString(port));
    }

    static QuarkusService orders(LocalPipelineConfig config) {
        return new QuarkusService(
                "order-service",
                config,
                config.orderPort(),
                Map.of(
                        "ORDERS_SECURITY_ENABLED",
                        "false", // the service listens on loopback only
                        "QUARKUS_DATASOURCE_JDBC_URL",
                        jdbcUrl(config.stack(), "orders")));
    }

    static QuarkusService projection(LocalPipelineConfig config) {
        return new QuarkusService(
                "projection-service",
                config,
                config.projectionPort(),
                Map.of(
                        "PROJECTION_SECURITY_ENABLED",
                        "false", // as above
                        "FEED_TABLE_TOPICS",
                        TABLE_TOPICS,
                        "QUARKUS_DATASOURCE_JDBC_URL",
                        jdbcUrl(config.stack(), "projection"),
                        "QUARKUS_DATASOURCE_SOURCE_JDBC_URL",
                        jdbcUrl(config.stack(), "orders"),
                        "QUARKUS_DATASOURCE_REPLICA_JDBC_URL",
                        jdbcUrl(config.stack(), "replica"),
                        "KAFKA_BOOTSTRAP_SERVERS",
                        StackConfig.HOST + ":" + config.stack().kafkaPort(),
                        "PIPELINE_CONNECT_URL",
                        config.connect().toString(),
                        "PIPELINE_ORDER_SERVICE_URL",
                        config.orders().toString()));
    }

    private static String jdbcUrl(StackConfig stack, String database) {
        return "jdbc:postgresql://" + StackConfig.HOST + ":" + stack.postgresPort() + "/" + database;
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
        return config().jvm().command(name(), HEAP_MB, Jvm.Compiler.QUICK, List.of("-jar", jar.toString()));
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
