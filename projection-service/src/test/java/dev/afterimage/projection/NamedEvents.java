package dev.afterimage.projection;

import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.Map;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * The events of one customer or product as the order-service would publish them. Each call returns the value of one
 * event.
 */
public final class NamedEvents {

    private static final JsonMapper JSON = new JsonMapper();

    public final UUID id = UUID.randomUUID();
    private final String aggregate;
    private final Map<String, String> details;

    private NamedEvents(String aggregate, Map<String, String> details) {
        this.aggregate = aggregate;
        this.details = details;
    }

    public static NamedEvents customer(String email) {
        return new NamedEvents("customer", Map.of("email", email));
    }

    public static NamedEvents product(String sku) {
        return new NamedEvents("product", Map.of("sku", sku, "price", "29.90"));
    }

    public String created(String name) {
        return event("c", 1, null, image(1, name));
    }

    public String renamed(long version, String from, String to) {
        return event("u", version, image(version - 1, from), image(version, to));
    }

    public String deleted(long version, String name) {
        return event("d", version, image(version - 1, name), null);
    }

    private String event(String op, long version, @Nullable ObjectNode before, @Nullable ObjectNode after) {
        ObjectNode event = JSON.createObjectNode().put("op", op);
        event.set("before", before == null ? JSON.nullNode() : before);
        event.set("after", after == null ? JSON.nullNode() : after);
        event.putObject("source")
                .put("service", "order-service")
                .put("aggregate", aggregate)
                .put("version", version)
                .put("eventType", "NamedEvent");
        return event.put("ts_ms", System.currentTimeMillis()).toString();
    }

    private ObjectNode image(long version, String name) {
        ObjectNode image = JSON.createObjectNode().put("id", id.toString()).put("name", name);
        details.forEach(image::put);
        return image.put("createdAt", "2026-11-21T09:00:00.123456Z")
                .put("updatedAt", "2026-11-21T09:00:05.5Z")
                .put("version", version);
    }
}
