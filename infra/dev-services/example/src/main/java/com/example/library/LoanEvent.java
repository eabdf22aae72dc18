package com.example.library;

import com.fasterxml.jackson.databind.JsonNode;
import io.debezium.outbox.quarkus.ExportedEvent;
import java.time.Instant;

/** An event that the library publishes about a loan. */
record LoanEvent(String aggregateId, String type, JsonNode payload, Instant timestamp)
        implements ExportedEvent<String, JsonNode> {

    @Override
    public String getAggregateId() {
        return aggregateId;
    }

    @Override
    public String getAggregateType() {
        return "loan";
    }

    @Override
    public String getType() {
        return type;
    }

    @Override
    public JsonNode getPayload() {
        return payload;
    }

    @Override
    public Instant getTimestamp() {
        return timestamp;
    }
}
