package dev.afterimage.cli.service;

import dev.afterimage.stack.Jvm;
import dev.afterimage.stack.StackConfig;
import dev.afterimage.stack.StackException;
import java.net.URI;
import java.nio.file.Path;
import java.util.List;

/**
 * The place of the whole pipeline and how it runs: the stack, and the ports of both services.
 *
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
                orderPort,
                projectionPort);
        for (int port : ports) {
            if (ports.indexOf(port) != ports.lastIndexOf(port)) {
                throw new StackException("Port " + port + " is given to two parts of the pipeline.");
            }
        }
    }

    public static LocalPipelineConfig onFreePorts(Path home) {
        List<Integer> ports = StackConfig.freePorts(6);
        return new LocalPipelineConfig(
                new StackConfig(home, ports.get(0), ports.get(1), ports.get(2), ports.get(3), StackConfig.NO_REGISTRY),
                ports.get(4),
                ports.get(5),
                true,
                false);
    }

    /** The same, but a crash of Connect may repeat events. */
    public LocalPipelineConfig atLeastOnce() {
        return new LocalPipelineConfig(stack, orderPort, projectionPort, false, nativeServices);
    }

    /** The same, with the services as native executables, which {@code ./mvnw -Dnative package} builds. */
    public LocalPipelineConfig natively() {
        return new LocalPipelineConfig(stack, orderPort, projectionPort, exactlyOnce, true);
    }

    /** The same with other JVMs. */
    public LocalPipelineConfig with(Jvm jvm) {
        return new LocalPipelineConfig(stack.with(jvm), orderPort, projectionPort, exactlyOnce, nativeServices);
    }

    public URI orders() {
        return URI.create("http://" + StackConfig.HOST + ":" + orderPort);
    }

    public URI projection() {
        return URI.create("http://" + StackConfig.HOST + ":" + projectionPort);
    }

    public URI connect() {
        return URI.create("http://" + StackConfig.HOST + ":" + stack.connectPort());
    }
}
