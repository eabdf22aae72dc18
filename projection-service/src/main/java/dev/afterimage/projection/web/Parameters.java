package dev.afterimage.projection.web;

import io.quarkiverse.resteasy.problem.HttpProblem;
import io.quarkus.runtime.annotations.RegisterForReflection;
import io.vertx.core.http.HttpServerRequest;
import jakarta.ws.rs.core.UriBuilder;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.UUID;
import java.util.function.Function;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** Reads query parameters and collects the invalid ones, so that one answer names all of them. */
public final class Parameters {

    public static final int DEFAULT_LIMIT = 50;
    public static final int MAX_LIMIT = 200;

    private static final Pattern LIMIT = Pattern.compile("[0-9]{1,3}");
    private static final Pattern UUID_TEXT = Pattern.compile("[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}");

    @RegisterForReflection
    record FieldError(String field, String message) {}

    private final List<FieldError> errors = new ArrayList<>();

    /**
     * The parameter's value; null if the parameter is missing or invalid.
     *
     * @param reader throws {@link IllegalArgumentException} if the text is invalid
     * @param rule describes a valid value to the client
     */
    public <T> @Nullable T read(String name, @Nullable String text, Function<String, T> reader, String rule) {
        if (text == null) {
            return null;
        }
        try {
            return reader.apply(text);
        } catch (IllegalArgumentException e) {
            errors.add(new FieldError(name, rule));
            return null;
        }
    }

    /** As {@link #read}, with a default value. */
    public <T> T readOr(T otherwise, String name, @Nullable String text, Function<String, T> reader, String rule) {
        T value = read(name, text, reader, rule);
        return value == null ? otherwise : value;
    }

    /** The maximum number of rows in an answer, from the parameter {@code limit}. */
    public int limit(@Nullable String text) {
        return readOr(DEFAULT_LIMIT, "limit", text, Parameters::limitOf, "must be 1 to " + MAX_LIMIT);
    }

    /** Refuses the request if a parameter was invalid. */
    public void throwIfWrong() {
        if (!errors.isEmpty()) {
            throw wrong("A query parameter cannot be read.", errors);
        }
    }

    /** The refusal of a request with an invalid header or field. */
    static HttpProblem wrong(String field, String rule) {
        return wrong("A header or a field of the body cannot be read.", List.of(new FieldError(field, rule)));
    }

    private static HttpProblem wrong(String detail, List<FieldError> errors) {
        return ProblemType.INVALID_REQUEST
                .problem()
                .withDetail(detail)
                .with("errors", errors)
                .build();
    }

    /**
     * Reads a UUID in its canonical form.
     *
     * @throws IllegalArgumentException when the text has another form
     */
    public static UUID uuid(String text) {
        if (!UUID_TEXT.matcher(text).matches()) { // UUID.fromString also accepts 1-1-1-1-1
            throw new IllegalArgumentException("no UUID");
        }
        return UUID.fromString(text);
    }

    /**
     * Reads text that PostgreSQL can compare.
     *
     * @throws IllegalArgumentException when the text contains NUL, which PostgreSQL cannot store
     */
    public static String text(String text) {
        if (text.indexOf('\0') >= 0) {
            throw new IllegalArgumentException("no text");
        }
        return text;
    }

    /**
     * The {@code Link} to the next page of a list, without scheme and host, so that it is also right behind a proxy and
     * for a request without a Host header.
     */
    public static String next(HttpServerRequest request, String after) {
        String query = UriBuilder.fromUri("/")
                .replaceQuery(request.query())
                .replaceQueryParam("after", after)
                .build()
                .getRawQuery();
        return "<%s?%s>; rel=\"next\""
                .formatted(Objects.requireNonNull(request.path()).replaceFirst("^/+", "/"), query);
    }

    private static int limitOf(String text) {
        int limit = LIMIT.matcher(text).matches() ? Integer.parseInt(text) : 0;
        if (limit < 1 || limit > MAX_LIMIT) {
            throw new IllegalArgumentException("no limit");
        }
        return limit;
    }
}
