package dev.afterimage.shop.http;

import java.util.Arrays;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * Reads query parameters and names the one at fault: Jakarta REST itself answers a malformed one with 404, as if the address
 * were wrong.
 */
public final class Query {
    /** The id behind which a page begins. */
    public static final String AFTER = "after";

    static final String LIMIT = "limit";
    static final int DEFAULT_LIMIT = 20;
    static final int MAX_LIMIT = 100;

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
            // answered below, like a number out of bounds
        }
        throw new Refusal.InvalidFields(LIMIT, "must be a number from 1 to " + MAX_LIMIT);
    }

    /** The text a list is narrowed to, null where it is not. */
    public static @Nullable String text(String name, @Nullable String value) {
        if (value != null && value.indexOf('\0') >= 0) {
            throw new Refusal.InvalidFields(name, "must be text"); // PostgreSQL knows no NUL
        }
        return value;
    }

    /** The id a list is narrowed to, null where it is not. */
    public static @Nullable UUID id(String name, @Nullable String value) {
        try {
            if (value == null) {
                return null;
            }
            if (value.length() == 36) { // UUID.fromString would also take 1-1-1-1-1
                return UUID.fromString(value);
            }
        } catch (IllegalArgumentException e) {
            // answered below
        }
        throw new Refusal.InvalidFields(name, "must be a UUID");
    }

    /** The constant a list is narrowed to, null where it is not. */
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
