package dev.afterimage.devservices.deployment;

import dev.afterimage.stack.SharedStack;
import dev.afterimage.stack.StackException;
import dev.afterimage.stack.Wish;
import io.quarkus.deployment.builditem.Startable;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Supplier;
import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;

/** The application's membership in a shared stack, from its start to its end; live reloads leave it alone. */
final class OutboxDevService implements Startable {

    private static final Logger LOG = Logger.getLogger(OutboxDevService.class);

    /** The one that runs, for the Dev UI and the console, which outlive a reload. */
    static volatile @Nullable OutboxDevService current;

    private final Supplier<Wish.Place> place;
    private final Wish wish;
    private final boolean endWithParent;
    private @Nullable SharedStack stack;

    /**
     * Not started.
     *
     * @param endWithParent whether this JVM has no reason to live on when the one that started it is gone, as dev mode
     *     has none after a {@code kill -9} of Maven
     */
    OutboxDevService(Supplier<Wish.Place> place, Wish wish, boolean endWithParent) {
        this.place = place;
        this.wish = wish;
        this.endWithParent = endWithParent;
    }

    @Override
    public void start() {
        try {
            stack = SharedStack.join(place.get(), wish, line -> LOG.info("Outbox dev services: " + line));
        } catch (StackException e) {
            throw new StackException(
                    "Outbox dev services: " + e.getMessage() + " (Settings: quarkus.outbox.devservices.*)");
        }
        current = this;
        if (endWithParent) {
            ProcessHandle.current().parent().ifPresent(parent -> {
                var unused = parent.onExit().thenRun(() -> System.exit(1));
            });
        }
        System.setProperty("outbox.devservices.kafka", addresses().kafka());
        outboxConnector()
                .map(Wish.Connector::name)
                .ifPresent(name -> System.setProperty(
                        "outbox.devservices.connector", addresses().connect() + "/connectors/" + name + "/status"));
    }

    Optional<Wish.Connector> outboxConnector() {
        return wish.connectors().stream()
                .filter(connector -> connector.outbox() != null)
                .findFirst();
    }

    Wish.View look(@Nullable String slot) {
        return Objects.requireNonNull(stack, "not started").look(slot);
    }

    Wish wish() {
        return wish;
    }

    Wish.Addresses addresses() {
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
