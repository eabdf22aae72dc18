package dev.afterimage.stack;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ThreadLocalRandom;

/**
 * Where the stack keeps its data and on which loopback ports it answers.
 *
 * @param home folder of all data, logs and pid files; made when absent
 * @param postgresPort PostgreSQL
 * @param kafkaPort Kafka's client listener
 * @param controllerPort the listener of Kafka's own KRaft controller
 * @param connectPort the REST API of Kafka Connect
 * @param registryPort the schema registry, or {@link #NO_REGISTRY}
 */
public record StackConfig(
        Path home, int postgresPort, int kafkaPort, int controllerPort, int connectPort, int registryPort) {

    /** Everything listens here and nowhere else. */
    public static final String HOST = "127.0.0.1";

    private static final int LOWEST_PORT = 15_000;
    /** Where Linux begins to hand out ports for connections, by default; others begin higher. */
    private static final int HIGHEST_PORT = 32_768;

    /** Instead of a port: there is no schema registry. */
    public static final int NO_REGISTRY = 0;

    public StackConfig {
        home = home.toAbsolutePath().normalize();
        if (home.toString().contains(",")) {
            throw new StackException(
                    "Kafka reads a comma in a path as the start of another one: choose a folder other than " + home);
        }
        for (int port : new int[] {postgresPort, kafkaPort, controllerPort, connectPort}) {
            requirePort(port);
        }
        if (registryPort != NO_REGISTRY) {
            requirePort(registryPort);
        }
    }

    private static void requirePort(int port) {
        if (port < 1 || port > 65535) {
            throw new StackException(port + " is no port; ports are 1 to 65535.");
        }
    }

    /** The schema registry's REST API, version 3. */
    public URI registryApi() {
        return URI.create("http://" + HOST + ":" + registryPort + "/apis/registry/v3");
    }

    /** For tests: ports that were free a moment ago, so that they run beside a running pipeline. */
    public static StackConfig onFreePorts(Path home) {
        List<Integer> ports = freePorts(5);
        return new StackConfig(home, ports.get(0), ports.get(1), ports.get(2), ports.get(3), ports.get(4));
    }

    /** Whether nobody listens on that loopback port at the moment. */
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
     * Distinct loopback ports that were free a moment ago, of those from which no system takes the near end of a connection:
     * one of these may be gone before the server that it is for has started.
     *
     * @throws StackException when there are none
     */
    public static List<Integer> freePorts(int count) {
        List<ServerSocket> sockets = new ArrayList<>();
        try {
            for (int attempt = 0; attempt < 1000 && sockets.size() < count; attempt++) {
                try {
                    int port = ThreadLocalRandom.current().nextInt(LOWEST_PORT, HIGHEST_PORT);
                    sockets.add(new ServerSocket(port, 1, InetAddress.getLoopbackAddress()));
                } catch (IOException e) {
                    // somebody listens there
                }
            }
            if (sockets.size() < count) {
                throw new StackException(
                        "No free port on " + HOST + " between " + LOWEST_PORT + " and " + HIGHEST_PORT);
            }
            return sockets.stream().map(ServerSocket::getLocalPort).toList();
        } finally {
            for (ServerSocket socket : sockets) {
                try {
                    socket.close();
                } catch (IOException e) {
                    // closing a socket that never accepted loses nothing
                }
            }
        }
    }
}
