package dev.afterimage.shop.outbox;

import com.fasterxml.jackson.annotation.JsonIgnore;
import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.annotation.JsonValue;
import io.quarkus.runtime.annotations.RegisterForReflection;
import java.time.Instant;
import java.util.Objects;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * One change of one aggregate in Debezium's envelope, so that any consumer of change data understands it.
 *
 * @param before the image before the change, null when the change created the aggregate or a snapshot read it
 * @param after the image after the change, null when the change deleted it
 * @param at the time of the change; the JSON has epoch milliseconds
 * @see <a
 *     href="https://debezium.io/documentation/reference/stable/connectors/postgresql.html#postgresql-events">Debezium's
 *     envelope</a>
 */
@RegisterForReflection
public record Change(
        Op op,
        @Nullable Image before,
        @Nullable Image after,
        Source source,
        @JsonIgnore Instant at) {

    private static final String SERVICE = "order-service";

    public Change {
        if ((before == null) != (op == Op.CREATE || op == Op.READ) || (after == null) != (op == Op.DELETE)) {
            throw new IllegalArgumentException("%s with the wrong images".formatted(op));
        }
    }

    public static Change created(String aggregate, String eventType, Image after, Instant at) {
        return new Change(Op.CREATE, null, after, new Source(SERVICE, aggregate, after.version(), eventType), at);
    }

    public static Change updated(String aggregate, String eventType, Image before, Image after, Instant at) {
        return new Change(Op.UPDATE, before, after, new Source(SERVICE, aggregate, after.version(), eventType), at);
    }

    /** A delete. It has its own version, the next one, so that a consumer can order it after a late update. */
    public static Change deleted(String aggregate, String eventType, Image before, Instant at) {
        return new Change(Op.DELETE, before, null, new Source(SERVICE, aggregate, before.version() + 1, eventType), at);
    }

    /** The current state, re-published by a snapshot. It is not a change, so it has no new version. */
    public static Change read(String aggregate, Image after, Instant at) {
        var eventType = Character.toUpperCase(aggregate.charAt(0)) + aggregate.substring(1) + "Snapshot";
        return new Change(Op.READ, null, after, new Source(SERVICE, aggregate, after.version(), eventType), at);
    }

    @JsonProperty("ts_ms")
    public long timestampMillis() {
        return at.toEpochMilli();
    }

    UUID aggregateId() {
        return Objects.requireNonNull(after != null ? after : before).id();
    }

    /** The operation, with Debezium's one-letter codes. */
    public enum Op {
        CREATE("c"),
        UPDATE("u"),
        DELETE("d"),
        READ("r");

        private final String code;

        Op(String code) {
            this.code = code;
        }

        @JsonValue
        public String code() {
            return code;
        }
    }

    /** The origin of the change. */
    @RegisterForReflection
    public record Source(String service, String aggregate, long version, String eventType) {}
}
