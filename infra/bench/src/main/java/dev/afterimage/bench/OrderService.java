package dev.afterimage.bench;

import dev.afterimage.stack.Jvm;
import dev.afterimage.stack.Server;
import dev.afterimage.stack.StackConfig;
import dev.afterimage.stack.StackException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** order-service as a JVM of its own, from the jar that the build made and with the JVM's own optimising compiler. */
final class OrderService extends Server {

    private static final int HEAP_MB = 512;

    private final Path jar;
    private final List<String> jvmOptions;
    private final int port;
    private final String database;

    /** @param database the JDBC URL of its database */
    OrderService(String name, StackConfig stack, Path jar, List<String> jvmOptions, int port, String database) {
        super(name, stack.home());
        this.jar = jar.toAbsolutePath();
        this.jvmOptions = jvmOptions;
        this.port = port;
        this.database = database;
    }

    /** Starts it, to be ended with this JVM at the latest. */
    OrderService started() {
        closeAtExit();
        start();
        return this;
    }

    @Override
    protected List<String> prepare() {
        if (!Files.isRegularFile(jar)) {
            throw new StackException("order-service is not built (" + jar + " is missing): run ./mvnw package first.");
        }
        List<String> rest = new ArrayList<>(jvmOptions);
        rest.addAll(List.of("-jar", jar.toString()));
        return Jvm.command(HEAP_MB, Jvm.Compiler.OPTIMIZING, rest);
    }

    @Override
    protected Map<String, String> environment() {
        return Map.of(
                "QUARKUS_PROFILE",
                "local",
                "QUARKUS_HTTP_HOST",
                StackConfig.HOST,
                "QUARKUS_HTTP_PORT",
                Integer.toString(port),
                "QUARKUS_DATASOURCE_JDBC_URL",
                database);
    }

    @Override
    protected Map<String, Integer> ports() {
        return Map.of(name(), port);
    }

    /** Quarkus opens the port when it has started; readiness would wait for Debezium's slot, and nobody reads one here. */
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

    /** Its clients, one connection each. */
    Side orders(Shop shop) {
        return new Side() {
            @Override
            public String name() {
                return OrderService.this.name();
            }

            @Override
            public List<Client> connect(int clients) throws IOException {
                List<Client> connected = new ArrayList<>();
                for (int i = 0; i < clients; i++) {
                    HttpConnection connection = OrderService.this.connect();
                    connected.add(new Client() {
                        @Override
                        public void place() {
                            try {
                                connection.post("/orders", shop.choose().order());
                            } catch (IOException e) {
                                throw new StackException(
                                        name() + " does not answer: " + e.getMessage() + ". " + lastWords(), e);
                            }
                        }

                        @Override
                        public void close() {
                            connection.close();
                        }
                    });
                }
                return connected;
            }
        };
    }
}
