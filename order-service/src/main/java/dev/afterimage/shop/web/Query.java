package dev.afterimage.shop.web;

import java.util.Arrays;
import java.util.UUID;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Reads query parameters; a refusal names the invalid one. Jakarta REST itself answers a malformed parameter with 404,
 * as if the address were unknown.
 */
public final class Query {
    /** The parameter with the id after which a page begins. */
    public static final String AFTER = "after";

    static final String LIMIT = "limit";
    static final int DEFAULT_LIMIT = 20;
    static final int MAX_LIMIT = 100;

    private static final Pattern UUID_TEXT = Pattern.compile("[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}");

    private Query() {}

    /** How many rows a list returns: 20 by default, at most 100. */
    public static int limit(@Nullable String value) {
        if (value == null) {
            return DEFAULT_LIMIT;
        }
        try {
            var limit = Integer.parseInt(value);
            if (limit >= 1 && limit <= MAX_LIMIT) {
                return limit;
            }
        } catch (NumberFormatException e) {
            // refused below, like a number out of range
        }
        throw new Refusal.InvalidFields(LIMIT, "must be a number from 1 to " + MAX_LIMIT);
    }

    /** The value of a text filter; null without the parameter. */
    public static @Nullable String text(String name, @Nullable String value) {
        if (value != null && value.indexOf('\0') >= 0) {
            throw new Refusal.InvalidFields(name, "must be text"); // PostgreSQL cannot store NUL
        }
        return value;
    }

    /** The value of an id filter; null without the parameter. */
    public static @Nullable UUID id(String name, @Nullable String value) {
        try {
            return value == null ? null : uuid(value);
        } catch (IllegalArgumentException e) {
            throw new Refusal.InvalidFields(name, "must be a UUID");
        }
    }

    /**
     * Reads a UUID in canonical form only. {@code UUID.fromString} also accepts other forms.
     *
     * @throws IllegalArgumentException when the text has another form
     */
    static UUID uuid(String text) {
        if (!UUID_TEXT.matcher(text).matches()) {
            throw new IllegalArgumentException("no UUID");
        }
        return UUID.fromString(text);
    }

    /** The value of an enum filter; null without the parameter. */
    public static <E extends Enum<E>> @Nullable E constant(String name, Class<E> type, @Nullable String value) {
        if (value == null) {
            return null;
        }
        return Arrays.stream(type.getEnumConstants())
                .filter(constant -> constant.name().equals(value))
                .findFirst()
                .orElseThrow(() ->
                        new Refusal.InvalidFields(name, "must be one of " + Arrays.toString(type.getEnumConstants())));
    }
}
