package dev.afterimage.bench;

import dev.afterimage.stack.Server;
import dev.afterimage.stack.StackException;
import java.time.Duration;
import java.util.Optional;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * CPU time of the three process groups that share the cores.
 *
 * @param postgres the server and its children
 * @param service order-service
 * @param clients this JVM
 */
record Cpu(Duration postgres, Duration service, Duration clients) {

    static final Cpu NONE = new Cpu(Duration.ZERO, Duration.ZERO, Duration.ZERO);

    static Duration used(ProcessHandle process) {
        return process.info().totalCpuDuration().orElse(Duration.ZERO);
    }

    /** @throws StackException when it does not run */
    static ProcessHandle process(Server server) {
        return Optional.ofNullable(server.pid())
                .flatMap(ProcessHandle::of)
                .orElseThrow(() -> new StackException(server.name() + " has ended. " + server.lastWords()));
    }

    Cpu since(Cpu before) {
        return new Cpu(postgres.minus(before.postgres), service.minus(before.service), clients.minus(before.clients));
    }

    Cpu plus(Cpu other) {
        return new Cpu(postgres.plus(other.postgres), service.plus(other.service), clients.plus(other.clients));
    }

    Duration all() {
        return postgres.plus(service).plus(clients);
    }

    /** Reads the CPU time that the processes have used so far. */
    static final class Meter {

        private final ProcessHandle postgres;
        private final @Nullable ProcessHandle service;

        /** @param service null if the side uses no service */
        Meter(Server postgres, @Nullable Server service) {
            this.postgres = process(postgres);
            this.service = service == null ? null : process(service);
        }

        Cpu read() {
            return new Cpu(
                    Stream.concat(Stream.of(postgres), postgres.descendants())
                            .map(Cpu::used)
                            .reduce(Duration.ZERO, Duration::plus),
                    service == null ? Duration.ZERO : used(service),
                    used(ProcessHandle.current()));
        }
    }
}
