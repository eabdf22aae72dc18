package dev.afterimage.shop.web;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The filters of a list as JPQL: only the conditions for which the client gave a value. */
public final class Filters {

    private final List<String> conditions = new ArrayList<>();
    private final Map<String, Object> values = new HashMap<>();

    /**
     * Adds a condition, unless its value is null.
     *
     * @param condition JPQL that uses the parameter {@code name}
     */
    public Filters and(String condition, String name, @Nullable Object value) {
        if (value != null) {
            conditions.add(condition);
            values.put(name, value);
        }
        return this;
    }

    /** The conditions after a {@code where}; empty if there are none. */
    public String where() {
        return conditions.isEmpty() ? "" : "where " + String.join(" and ", conditions);
    }

    public Map<String, Object> values() {
        return Map.copyOf(values);
    }
}
