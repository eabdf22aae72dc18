package dev.afterimage.projection;

import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** The events of one order as the order-service would publish them. Each call returns the value of one event. */
public final class OrderEvents {

    private static final JsonMapper JSON = new JsonMapper();

    public final UUID id;
    public final UUID customerId = UUID.randomUUID();

    public OrderEvents() {
        this(UUID.randomUUID());
    }

    public OrderEvents(UUID id) {
        this.id = id;
    }

    public String placed() {
        return event("c", 1, null, image(1, "PENDING", "EUR", "59.80", 1)).toString();
    }

    public String placed(String currency, String total) {
        return event("c", 1, null, image(1, "PENDING", currency, total, 1)).toString();
    }

    /** An update to this version; the number of its items equals the version. */
    public String changed(long version) {
        return event(
                        "u",
                        version,
                        version == 2 ? image(1, "PENDING", "EUR", "59.80", 1) : paid(version - 1),
                        paid(version))
                .toString();
    }

    public String snapshot(long version) {
        return event("r", version, null, image(version, "PAID", "EUR", "59.80", 1))
                .toString();
    }

    public String deleted(long version) {
        return event("d", version, paid(version - 1), null).toString();
    }

    private ObjectNode paid(long version) {
        return image(version, "PAID", "EUR", "59.80", (int) version);
    }

    /** A placed event that the caller can make invalid. */
    public ObjectNode placedNode() {
        return event("c", 1, null, image(1, "PENDING", "EUR", "59.80", 1));
    }

    private ObjectNode event(String op, long version, @Nullable ObjectNode before, @Nullable ObjectNode after) {
        ObjectNode event = JSON.createObjectNode().put("op", op);
        event.set("before", before == null ? JSON.nullNode() : before);
        event.set("after", after == null ? JSON.nullNode() : after);
        event.putObject("source")
                .put("service", "order-service")
                .put("aggregate", "order")
                .put("version", version)
                .put("eventType", "OrderEvent");
        return event.put("ts_ms", System.currentTimeMillis());
    }

    private ObjectNode image(long version, String status, String currency, String total, int lines) {
        ObjectNode image = JSON.createObjectNode()
                .put("id", id.toString())
                .put("customerId", customerId.toString())
                .put("status", status)
                .put("currency", currency)
                .put("total", total);
        var items = image.putArray("items");
        for (int line = 0; line < lines; line++) {
            items.addObject()
                    .put("productId", new UUID(0, line).toString())
                    .put("quantity", 2)
                    .put("unitPrice", "29.90")
                    .put("lineTotal", "59.80");
        }
        return image.put("createdAt", "2026-11-21T09:00:00.123456Z")
                .put("updatedAt", "2026-11-21T09:00:05.5Z")
                .put("version", version);
    }
}
