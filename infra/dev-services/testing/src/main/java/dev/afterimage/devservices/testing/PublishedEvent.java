package dev.afterimage.devservices.testing;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A record that the event router sent.
 *
 * @param aggregateId the record's key
 * @param type the header {@code eventType}, or an empty string if the connector does not set it
 * @param headers all headers that have a value, as strings
 * @param value the payload, or null for a tombstone
 */
public record PublishedEvent(
        String topic,
        int partition,
        long offset,
        String aggregateId,
        String type,
        Map<String, String> headers,
        @Nullable String value) {

    private static final ObjectMapper JSON = new ObjectMapper();

    public PublishedEvent {
        headers = Map.copyOf(headers);
    }

    /**
     * The payload, parsed; the JSON null for a tombstone.
     *
     * @throws AssertionError when the payload is not JSON
     */
    public JsonNode json() {
        try {
            return value == null ? JSON.nullNode() : JSON.readTree(value);
        } catch (JsonProcessingException e) {
            throw new AssertionError("The payload is not JSON: " + this, e);
        }
    }
}
