package dev.afterimage.stack;

import java.net.URI;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * A real Apicurio registry. It stores schemas in its own file. It refuses a schema that is not both backward and
 * forward compatible with the previous version. A build that skips the tests does not build the registry.
 */
public final class SchemaRegistry extends Server {

    private static final int HEAP_MB = 160;
    /** Creates the registry with the folder and the port of the configuration; does not start it. */
    public SchemaRegistry(StackConfig config) {
        super("registry", config);
    }

    /**
     * Starts the registry with the schemas that earlier runs stored.
     *
     * @throws StackException when it cannot run here
     */
    public static SchemaRegistry start(StackConfig config) {
        return startForThisRun(new SchemaRegistry(config));
    }

    @Override
    protected List<String> prepare() {
        Path program = Distribution.locate().registry().resolve("quarkus-run.jar");
        List<String> rest = List.of("-Dapicurio.rules.global.compatibility=FULL", "-jar", program.toString());
        return config().jvm().command(name(), HEAP_MB, rest);
    }

    @Override
    protected Map<String, String> environment() {
        Map<String, String> environment = new HashMap<>();
        environment.put("QUARKUS_HTTP_HOST", StackConfig.HOST);
        environment.put("QUARKUS_HTTP_PORT", Integer.toString(config().registryPort()));
        // the management listener is not used: any port
        environment.put("QUARKUS_MANAGEMENT_HOST", StackConfig.HOST);
        environment.put("QUARKUS_MANAGEMENT_PORT", "0");
        environment.put("QUARKUS_HTTP_ACCESS_LOG_ENABLED", "false");
        // each commit is written to disk: records on topics refer to schemas by id, so an id must never be reused
        environment.put(
                "APICURIO_DATASOURCE_URL", "jdbc:h2:file:" + home().resolve("registry/schemas") + ";WRITE_DELAY=0");
        // the default is 20 connections at the start
        environment.put("APICURIO_DATASOURCE_JDBC_INITIAL_SIZE", "1");
        environment.put("APICURIO_DATASOURCE_JDBC_MIN_SIZE", "1");
        environment.put("APICURIO_DATASOURCE_JDBC_MAX_SIZE", "8");
        return environment;
    }

    @Override
    protected Map<String, Integer> ports() {
        return Map.of("the schema registry", config().registryPort());
    }

    @Override
    protected boolean answers() {
        return ok(URI.create(config().registryApi() + "/system/info"));
    }
}
