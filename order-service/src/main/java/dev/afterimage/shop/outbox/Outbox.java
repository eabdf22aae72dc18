package dev.afterimage.shop.outbox;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.debezium.outbox.quarkus.ExportedEvent;
import io.opentelemetry.api.trace.Span;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.event.Event;
import jakarta.transaction.Transactional;
import jakarta.transaction.Transactional.TxType;
import java.io.UncheckedIOException;
import java.time.Instant;
import java.util.Map;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** Passes changes to debezium-quarkus-outbox, which inserts and deletes an outbox row in the caller's transaction. */
@ApplicationScoped
public class Outbox {

    private final Event<ExportedEvent<UUID, String>> rows;
    private final ObjectMapper json;

    public Outbox(Event<ExportedEvent<UUID, String>> rows, ObjectMapper json) {
        this.rows = rows;
        this.json = json;
    }

    /** Announces the change if and only if the transaction commits. A delete is followed by its tombstone. */
    @Transactional(TxType.MANDATORY)
    public void announce(Change change) {
        var traceparent = traceparent();
        rows.fire(Row.of(change, written(change), traceparent));
        if (change.op() == Change.Op.DELETE) {
            // Hibernate inserts in the order of persist, so the tombstone comes after the delete in the WAL and on the
            // topic.
            rows.fire(Row.of(change, null, traceparent));
        }
    }

    private String written(Change change) {
        try {
            return json.writeValueAsString(change);
        } catch (JsonProcessingException e) {
            throw new UncheckedIOException(e);
        }
    }

    /**
     * The current span for the column traceparent; null if the span is not sampled. The rest of the request's trace
     * context is not published: tracestate and baggage contain any text of the caller, of any length.
     *
     * @see <a href="https://www.w3.org/TR/trace-context/#traceparent-header">traceparent</a>
     */
    private static @Nullable String traceparent() {
        var span = Span.current().getSpanContext();
        return span.isSampled() ? "00-" + span.getTraceId() + "-" + span.getSpanId() + "-01" : null;
    }

    /**
     * A row of the outbox table.
     *
     * @param getPayload the envelope as JSON, null for a tombstone
     * @param traceparent the trace of the change; null if the trace is not sampled
     */
    record Row(
            UUID getAggregateId,
            String getAggregateType,
            String getType,
            Instant getTimestamp,
            @Nullable String getPayload,
            @Nullable String traceparent)
            implements ExportedEvent<UUID, String> {

        static Row of(Change change, @Nullable String payload, @Nullable String traceparent) {
            var source = change.source();
            return new Row(
                    change.aggregateId(), source.aggregate(), source.eventType(), change.at(), payload, traceparent);
        }

        /** The columns that the extension does not define itself. A missing value becomes null. */
        @Override
        public Map<String, Object> getAdditionalFieldValues() {
            return traceparent == null ? Map.of() : Map.of("traceparent", traceparent);
        }
    }
}
