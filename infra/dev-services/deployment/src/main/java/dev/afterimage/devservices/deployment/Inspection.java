package dev.afterimage.devservices.deployment;

import dev.afterimage.stack.ConnectorStatus;
import dev.afterimage.stack.Connectors;
import dev.afterimage.stack.StackException;
import dev.afterimage.stack.StackRequest;
import java.net.URI;
import java.time.Duration;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** The data of the running pipeline that the Dev UI and the console show. */
final class Inspection {

    private static final Duration INTERVAL = Duration.ofMillis(500);

    private Inspection() {}

    /** Addresses and states of connectors and slots, by their label, in the order in which they are shown. */
    static Map<String, String> status() {
        OutboxDevService service = OutboxDevService.current;
        if (service == null) {
            return Map.of();
        }
        Map<String, String> status = new LinkedHashMap<>();
        StackRequest.Database database = service.request().database();
        status.put("PostgreSQL", service.addresses().postgres() + (database == null ? "" : "/" + database.name()));
        status.put("Kafka", service.addresses().kafka());
        status.put("Kafka Connect", service.addresses().connect());
        service.outboxConnector().ifPresent(connector -> {
            status.put("Connector", connector.name() + ": " + state(service, connector.name()));
            String slot = connector.config().getOrDefault("slot.name", "debezium");
            status.put("Slot", slot + ": " + service.look(slot).slot());
        });
        return status;
    }

    private static String state(OutboxDevService service, String connector) {
        try {
            Optional<ConnectorStatus> status = connectors(service).status(connector);
            return status.map(found -> found.failure()
                            .orElse(found.running() ? "RUNNING" : found.state() + ", tasks " + found.tasks()))
                    .orElse("not there yet");
        } catch (StackException e) {
            return "Connect does not answer: " + e.getMessage();
        }
    }

    private static Connectors connectors(OutboxDevService service) {
        return new Connectors(URI.create(service.addresses().connect()));
    }

    /** Restarts the outbox connector and its task; returns a sentence for the user. */
    static String restart() {
        OutboxDevService service = OutboxDevService.current;
        Optional<StackRequest.Connector> connector = service == null ? Optional.empty() : service.outboxConnector();
        if (service == null || connector.isEmpty()) {
            return "There is no outbox connector.";
        }
        try {
            connectors(service).restart(connector.get().name());
            return connector.get().name() + " restarts.";
        } catch (StackException e) {
            return "The connector does not restart: " + e.getMessage();
        }
    }

    /** The last events of all topics, newest first. */
    static List<Map<String, String>> events() {
        OutboxDevService service = OutboxDevService.current;
        return service == null ? List.of() : service.look(null).events();
    }

    /** Prints the last events of the topic, or of all topics, and then each new event, until the flag is set. */
    static void watch(@Nullable String topic, Consumer<String> out, AtomicBoolean ended) {
        Set<Map<String, String>> told = new HashSet<>();
        while (!ended.get()) {
            for (Map<String, String> event : events().reversed()) {
                if ((topic == null || topic.equals(event.get("topic"))) && told.add(event)) {
                    out.accept("%s %s %s %s"
                            .formatted(event.get("time"), event.get("topic"), event.get("type"), event.get("key")));
                    out.accept("    " + event.get("after"));
                }
            }
            LockSupport.parkNanos(INTERVAL.toNanos());
        }
    }
}
