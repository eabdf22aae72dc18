package dev.afterimage.shop.outbox;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.debezium.outbox.quarkus.ExportedEvent;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.event.Event;
import jakarta.transaction.Transactional;
import jakarta.transaction.Transactional.TxType;
import java.time.Instant;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** Hands changes to debezium-quarkus-outbox, which inserts and deletes their row in the caller's transaction. */
@ApplicationScoped
public class Outbox {
    private final Event<ExportedEvent<UUID, JsonNode>> rows;
    private final ObjectMapper json;

    public Outbox(Event<ExportedEvent<UUID, JsonNode>> rows, ObjectMapper json) {
        this.rows = rows;
        this.json = json;
    }

    /** Announces the change if and only if the transaction commits; after a delete follows its tombstone. */
    @Transactional(TxType.MANDATORY)
    public void announce(Change change) {
        rows.fire(Row.of(change, json.valueToTree(change)));
        if (change.op() == Change.Op.DELETE) {
            // Inserted second, thus behind the delete in the WAL and on the topic: Hibernate inserts in the order of
            // persist.
            rows.fire(Row.of(change, null));
        }
    }

    /**
     * A row of the outbox table.
     *
     * @param getPayload the envelope, null for a tombstone
     */
    record Row(
            UUID getAggregateId,
            String getAggregateType,
            String getType,
            Instant getTimestamp,
            @Nullable JsonNode getPayload)
            implements ExportedEvent<UUID, JsonNode> {

        static Row of(Change change, @Nullable JsonNode payload) {
            var source = change.source();
            return new Row(change.aggregateId(), source.aggregate(), source.eventType(), change.at(), payload);
        }
    }
}
