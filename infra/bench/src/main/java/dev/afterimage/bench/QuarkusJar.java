package dev.afterimage.bench;

import dev.afterimage.stack.Server;
import dev.afterimage.stack.StackConfig;
import dev.afterimage.stack.StackException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** A service in its own JVM, from the jar of the build. */
final class QuarkusJar extends Server {

    private static final int HEAP_MB = 512;

    private final Path jar;
    private final List<String> jvmOptions;
    private final int port;
    private final Map<String, String> settings;

    /** @param settings environment variables in addition to host and port */
    QuarkusJar(
            String name, StackConfig stack, Path jar, List<String> jvmOptions, int port, Map<String, String> settings) {
        super(name, stack);
        this.jar = jar.toAbsolutePath();
        this.jvmOptions = jvmOptions;
        this.port = port;
        this.settings = settings;
    }

    /** Starts the service. It stops with this JVM at the latest. */
    QuarkusJar startForThisRun() {
        closeAtExit();
        start();
        return this;
    }

    @Override
    protected List<String> prepare() {
        if (!Files.isRegularFile(jar)) {
            throw new StackException(name() + " is not built (" + jar + " is missing): run ./mvnw package first.");
        }
        List<String> rest = new ArrayList<>(jvmOptions);
        rest.addAll(List.of("-jar", jar.toString()));
        return config().jvm().command(name(), HEAP_MB, rest);
    }

    @Override
    protected Map<String, String> environment() {
        Map<String, String> environment = new HashMap<>(settings);
        // of either service: it listens on loopback only
        environment.put("ORDERS_SECURITY_ENABLED", "false");
        environment.put("PROJECTION_SECURITY_ENABLED", "false");
        environment.put("QUARKUS_LOG_CONSOLE_JSON_ENABLED", "false");
        environment.put("QUARKUS_HTTP_HOST", StackConfig.HOST);
        environment.put("QUARKUS_HTTP_PORT", Integer.toString(port));
        return environment;
    }

    @Override
    protected Map<String, Integer> ports() {
        return Map.of(name(), port);
    }

    /**
     * Whether the port is open, which Quarkus opens after its start. Readiness would wait for parts that the bench does
     * not need.
     */
    @Override
    protected boolean answers() {
        try (HttpConnection connection = connect()) {
            return true;
        } catch (IOException e) {
            return false;
        }
    }

    HttpConnection connect() throws IOException {
        return new HttpConnection(port);
    }
}
