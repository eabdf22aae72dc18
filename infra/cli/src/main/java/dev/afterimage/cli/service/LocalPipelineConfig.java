package dev.afterimage.cli.service;

import dev.afterimage.stack.Jvm;
import dev.afterimage.stack.StackConfig;
import dev.afterimage.stack.StackException;
import java.net.URI;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/**
 * The place of the whole pipeline and how it runs: the stack, and the ports of both services.
 *
 * @param exactlyOnce if not, a crash of Connect may repeat events
 * @param nativeServices whether the services run as native executables instead of on the JVM
 */
public record LocalPipelineConfig(
        StackConfig stack, int orderPort, int projectionPort, boolean exactlyOnce, boolean nativeServices) {

    public LocalPipelineConfig {
        List<Integer> ports = List.of(
                stack.postgresPort(),
                stack.kafkaPort(),
                stack.controllerPort(),
                stack.connectPort(),
                stack.registryPort(),
                stack.metricsPort(),
                orderPort,
                projectionPort);
        for (int port : ports) {
            // a part without a port has 0
            if (port != 0 && ports.indexOf(port) != ports.lastIndexOf(port)) {
                throw new StackException("Port " + port + " is given to two parts of the pipeline.");
            }
        }
    }

    /** For tests: on ports that were free a moment ago. */
    public static LocalPipelineConfig onFreePorts(Path home, boolean nativeServices) {
        List<Integer> ports = StackConfig.freePorts(7);
        return new LocalPipelineConfig(
                new StackConfig(
                        home,
                        ports.get(0),
                        ports.get(1),
                        ports.get(2),
                        ports.get(3),
                        StackConfig.NO_REGISTRY,
                        ports.get(4),
                        Jvm.PLAIN),
                ports.get(5),
                ports.get(6),
                true,
                nativeServices);
    }

    /** The ports, by the option that sets each. */
    public Map<String, Integer> ports() {
        return Map.of(
                "--postgres-port", stack.postgresPort(),
                "--kafka-port", stack.kafkaPort(),
                "--kafka-controller-port", stack.controllerPort(),
                "--connect-port", stack.connectPort(),
                "--connect-metrics-port", stack.metricsPort(),
                "--registry-port", stack.registryPort(),
                "--order-port", orderPort,
                "--projection-port", projectionPort);
    }

    public URI orders() {
        return URI.create("http://" + StackConfig.HOST + ":" + orderPort);
    }

    public URI projection() {
        return URI.create("http://" + StackConfig.HOST + ":" + projectionPort);
    }
}
