package dev.afterimage.devservices.deployment;

import dev.afterimage.stack.SharedStack;
import dev.afterimage.stack.StackException;
import dev.afterimage.stack.StackRequest;
import io.quarkus.deployment.builditem.Startable;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.function.Supplier;
import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;

/** The application's use of a shared stack, from its start to its end. A live reload does not restart it. */
final class OutboxDevService implements Startable {

    private static final Logger LOG = Logger.getLogger(OutboxDevService.class);

    /** The running dev service, for the Dev UI and the console, which survive a reload. */
    static volatile @Nullable OutboxDevService current;

    private final Supplier<StackRequest.Place> place;
    private final StackRequest request;
    private final boolean dev;
    private @Nullable CompletableFuture<SharedStack> begun;
    private @Nullable SharedStack stack;

    /**
     * Creates the dev service. In dev mode the first dev service starts at once, in parallel with the application's
     * build, which takes as long.
     *
     * @param dev whether this is dev mode. Then this JVM ends when the JVM that started it has ended, for example after
     *     a {@code kill -9} of Maven.
     */
    OutboxDevService(Supplier<StackRequest.Place> place, StackRequest request, boolean dev) {
        this.place = place;
        this.request = request;
        this.dev = dev;
        if (dev && current == null) {
            begun = CompletableFuture.supplyAsync(this::join);
        }
    }

    private SharedStack join() {
        try {
            return SharedStack.join(place.get(), request, line -> LOG.info("Outbox dev services: " + line));
        } catch (StackException e) {
            throw new StackException(
                    "Outbox dev services: " + e.getMessage() + " (Settings: quarkus.outbox.devservices.*)");
        }
    }

    @Override
    public void start() {
        try {
            stack = begun == null ? join() : begun.join();
        } catch (CompletionException e) {
            throw e.getCause() instanceof StackException refusal ? refusal : e;
        }
        if (dev) {
            current = this;
            ProcessHandle.current().parent().ifPresent(parent -> {
                // an orderly exit would wait for requests and reloads that have no user any more
                var unused = parent.onExit().thenRun(() -> Runtime.getRuntime().halt(1));
            });
        }
        System.setProperty("outbox.devservices.kafka", addresses().kafka());
        outboxConnector()
                .map(StackRequest.Connector::name)
                .ifPresent(name -> System.setProperty(
                        "outbox.devservices.connector", addresses().connect() + "/connectors/" + name + "/status"));
    }

    Optional<StackRequest.Connector> outboxConnector() {
        return request.connectors().stream()
                .filter(connector -> connector.outbox() != null)
                .findFirst();
    }

    StackRequest.View look(@Nullable String slot) {
        return Objects.requireNonNull(stack, "not started").look(slot);
    }

    StackRequest request() {
        return request;
    }

    StackRequest.Addresses addresses() {
        return Objects.requireNonNull(stack, "not started").addresses();
    }

    @Override
    public String getConnectionInfo() {
        return "PostgreSQL " + addresses().postgres() + ", Kafka " + addresses().kafka() + ", Connect "
                + addresses().connect();
    }

    @Override
    public @Nullable String getContainerId() {
        return null;
    }

    @Override
    public void close() {
        if (stack != null) {
            stack.close();
        }
    }
}
