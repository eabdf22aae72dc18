package dev.afterimage.shop;

import io.quarkus.runtime.annotations.RegisterForReflection;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** A request that is refused. The client sees the reason, the message and the members, and nothing else. */
public final class Refusal extends RuntimeException {

    private final Reason reason;
    private final transient Map<String, Object> members;

    /** One invalid field or parameter, with its path in the request: {@code items[0].quantity}. */
    @RegisterForReflection
    public record Field(String field, String message) {}

    /**
     * @param detail additional information for the client; null if the reason says everything
     * @param members additional values for the client, by name
     */
    public Refusal(Reason reason, @Nullable String detail, Map<String, Object> members) {
        // no stack trace: a refusal is an expected answer, not a defect
        super(detail, null, false, false);
        this.reason = reason;
        this.members = Collections.unmodifiableMap(new TreeMap<>(members)); // sorted: always the same JSON
    }

    /** Values of the request are well-formed but not acceptable. */
    public static Refusal invalid(List<Field> fields) {
        return new Refusal(Reason.INVALID_REQUEST, null, Map.of("errors", fields));
    }

    public static Refusal invalid(String field, String message) {
        return invalid(List.of(new Field(field, message)));
    }

    /** The path names a thing that does not exist. */
    public static Refusal unknownId(String thing, Object id) {
        return new Refusal(Reason.UNKNOWN_ID, "There is no %s %s.".formatted(thing, id), Map.of());
    }

    public Reason reason() {
        return reason;
    }

    public Map<String, Object> members() {
        return members;
    }
}
