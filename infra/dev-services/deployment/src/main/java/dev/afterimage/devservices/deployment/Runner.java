package dev.afterimage.devservices.deployment;

import dev.afterimage.devservices.deployment.OutboxDevServicesConfig.Mode;
import java.util.Locale;
import java.util.function.BooleanSupplier;

/** What runs the pipeline. */
enum Runner {
    PROCESSES,
    CONTAINERS;

    /**
     * Which one it is going to be. Containers are not looked for unless asked for, because looking takes seconds.
     *
     * @param system as the system property {@code os.name} calls it
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

    /** Refuses containers where nothing runs them. */
    void require(BooleanSupplier containerRuntime) {
        if (this == CONTAINERS && !containerRuntime.getAsBoolean()) {
            throw new IllegalArgumentException("No container runtime is found: start Docker or Podman, or set"
                    + " quarkus.outbox.devservices.mode to process.");
        }
    }
}
