package dev.afterimage.shop.web;

import com.fasterxml.jackson.annotation.JsonAnyGetter;
import com.fasterxml.jackson.annotation.JsonInclude;
import io.quarkus.runtime.annotations.RegisterForReflection;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * The body of every error answer.
 *
 * @param detail additional information for the client; null if the title says everything
 * @param errors the invalid fields; empty if no field is invalid
 * @param members additional members of the JSON object
 * @see <a href="https://www.rfc-editor.org/rfc/rfc9457">RFC 9457</a>
 */
@JsonInclude(JsonInclude.Include.NON_EMPTY)
@RegisterForReflection
public record Problem(
        ProblemType type,
        String title,
        int status,
        @Nullable String detail,
        List<FieldError> errors,
        @JsonAnyGetter Map<String, Object> members) {

    public static final String MEDIA_TYPE = "application/problem+json";

    public Problem {
        errors = List.copyOf(errors);
        members = Collections.unmodifiableSortedMap(new TreeMap<>(members)); // sorted: always the same JSON
    }

    private Problem(ProblemType type, @Nullable String detail, List<FieldError> errors, Map<String, Object> members) {
        this(type, type.title(), type.status(), detail, errors, members);
    }

    static Problem of(ProblemType type, @Nullable String detail) {
        return new Problem(type, detail, List.of(), Map.of());
    }

    static Problem of(ProblemType type, @Nullable String detail, List<FieldError> errors) {
        return new Problem(type, detail, errors, Map.of());
    }

    static Problem of(ProblemType type, @Nullable String detail, Map<String, Object> members) {
        return new Problem(type, detail, List.of(), members);
    }

    static Problem invalid(List<FieldError> errors) {
        return of(ProblemType.INVALID_REQUEST, null, errors);
    }

    /** One invalid field, with its path in the request: {@code items[0].quantity}. */
    @RegisterForReflection
    public record FieldError(String field, String message) {}
}
