package dev.afterimage.stack;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.ThreadLocalRandom;

/**
 * The folder of the stack's data, and the loopback ports of its servers.
 *
 * @param home folder of all data, logs and pid files; created when it does not exist
 * @param postgresPort PostgreSQL
 * @param kafkaPort Kafka's client listener
 * @param controllerPort the listener of Kafka's own KRaft controller
 * @param connectPort the REST API of Kafka Connect
 * @param registryPort the schema registry, or {@link #NO_REGISTRY}
 * @param metricsPort the metrics of Kafka Connect, or {@link #NO_METRICS}
 * @param jvm how the servers' JVMs run
 */
public record StackConfig(
        Path home,
        int postgresPort,
        int kafkaPort,
        int controllerPort,
        int connectPort,
        int registryPort,
        int metricsPort,
        Jvm jvm) {

    /** The only address that the servers listen on. */
    public static final String HOST = "127.0.0.1";

    private static final int LOWEST_PORT = 15_000;
    /** The first port that Linux assigns to outgoing connections by default; other systems begin higher. */
    private static final int HIGHEST_PORT = 32_768;

    /** In place of a port: the stack has no schema registry. */
    public static final int NO_REGISTRY = 0;

    /** In place of a port: Kafka Connect does not serve its metrics. */
    public static final int NO_METRICS = 0;

    public StackConfig {
        home = home.toAbsolutePath().normalize();
        if (home.toString().contains(",")) {
            throw new StackException(
                    "Kafka reads a comma in a path as the start of another path: choose a folder other than " + home);
        }
        for (int port : new int[] {postgresPort, kafkaPort, controllerPort, connectPort}) {
            requirePort(port);
        }
        if (registryPort != NO_REGISTRY) {
            requirePort(registryPort);
        }
        if (metricsPort != NO_METRICS) {
            requirePort(metricsPort);
        }
    }

    /** Without metrics, and with {@link Jvm#PLAIN}. */
    public StackConfig(
            Path home, int postgresPort, int kafkaPort, int controllerPort, int connectPort, int registryPort) {
        this(home, postgresPort, kafkaPort, controllerPort, connectPort, registryPort, NO_METRICS, Jvm.PLAIN);
    }

    /** The same with other JVMs. */
    public StackConfig with(Jvm other) {
        return new StackConfig(
                home, postgresPort, kafkaPort, controllerPort, connectPort, registryPort, metricsPort, other);
    }

    private static void requirePort(int port) {
        if (port < 1 || port > 65535) {
            throw new StackException(port + " is not a port; ports are 1 to 65535.");
        }
    }

    /** The REST API of Kafka Connect. */
    public URI connect() {
        return URI.create("http://" + HOST + ":" + connectPort);
    }

    /** The metrics of Kafka Connect, as Prometheus reads them. */
    public URI connectMetrics() {
        return URI.create("http://" + HOST + ":" + metricsPort + "/metrics");
    }

    /** The schema registry's REST API, version 3. */
    public URI registryApi() {
        return URI.create("http://" + HOST + ":" + registryPort + "/apis/registry/v3");
    }

    /** For tests: uses ports that were free a moment ago, so that tests can run beside a running pipeline. */
    public static StackConfig onFreePorts(Path home) {
        List<Integer> ports = freePorts(5);
        return new StackConfig(home, ports.get(0), ports.get(1), ports.get(2), ports.get(3), ports.get(4));
    }

    /** Whether no process listens on this loopback port now. */
    static boolean free(int port) {
        try (ServerSocket probe = new ServerSocket()) {
            probe.setReuseAddress(true);
            probe.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), port));
            return true;
        } catch (IOException e) {
            return false;
        }
    }

    /**
     * Distinct loopback ports that were free a moment ago. They lie below the range that systems use for outgoing
     * connections: a port of that range could be taken before the server starts.
     *
     * @throws StackException when there are too few free ports
     */
    public static List<Integer> freePorts(int count) {
        List<Integer> ports = ThreadLocalRandom.current()
                .ints(1_000, LOWEST_PORT, HIGHEST_PORT)
                .distinct()
                .filter(StackConfig::free)
                .limit(count)
                .boxed()
                .toList();
        if (ports.size() < count) {
            throw new StackException("No free port on " + HOST + " between " + LOWEST_PORT + " and " + HIGHEST_PORT);
        }
        return ports;
    }
}
