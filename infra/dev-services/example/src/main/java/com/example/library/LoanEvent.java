package com.example.library;

import com.fasterxml.jackson.databind.JsonNode;
import io.debezium.outbox.quarkus.ExportedEvent;
import java.time.Instant;

/** An event that the library publishes about a loan. */
record LoanEvent(String getAggregateId, String getType, JsonNode getPayload, Instant getTimestamp)
        implements ExportedEvent<String, JsonNode> {

    @Override
    public String getAggregateType() {
        return "loan";
    }
}
