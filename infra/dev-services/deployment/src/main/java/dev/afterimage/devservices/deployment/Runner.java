package dev.afterimage.devservices.deployment;

import dev.afterimage.devservices.deployment.OutboxDevServicesConfig.Mode;
import java.util.Locale;
import java.util.function.BooleanSupplier;

/** The ways to run the pipeline. */
enum Runner {
    PROCESSES,
    CONTAINERS;

    /**
     * Chooses the runner. Does not look for a container runtime unless containers are requested, because that takes
     * seconds.
     *
     * @param system the value of the system property {@code os.name}
     */
    static Runner of(Mode asked, String system) {
        boolean programs =
                system.equals("Linux") || system.toLowerCase(Locale.ROOT).startsWith("mac");
        return switch (asked) {
            case PROCESS -> {
                if (!programs) {
                    throw new IllegalArgumentException("quarkus.outbox.devservices.mode=process runs on Linux and macOS"
                            + " and not on " + system + ": set it to container.");
                }
                yield PROCESSES;
            }
            case CONTAINER -> CONTAINERS;
            case AUTO -> programs ? PROCESSES : CONTAINERS;
        };
    }

    /** Fails when containers are requested and there is no container runtime. */
    void require(BooleanSupplier containerRuntime) {
        if (this == CONTAINERS && !containerRuntime.getAsBoolean()) {
            throw new IllegalArgumentException("No container runtime is found: start Docker or Podman, or set"
                    + " quarkus.outbox.devservices.mode to process.");
        }
    }
}
