package dev.afterimage.peer;

import com.fasterxml.jackson.databind.JsonNode;
import io.debezium.outbox.quarkus.ExportedEvent;
import java.time.Instant;

/** The only event of an order, with the whole order as JSON. */
record OrderPlaced(String getAggregateId, Instant getTimestamp, JsonNode getPayload)
        implements ExportedEvent<String, JsonNode> {

    @Override
    public String getAggregateType() {
        return "PurchaseOrder";
    }

    @Override
    public String getType() {
        return "OrderPlaced";
    }
}
