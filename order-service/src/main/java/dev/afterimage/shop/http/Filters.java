package dev.afterimage.shop.http;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** What a list is narrowed to, as JPQL: the conditions that the client gave a value for, and no others. */
public final class Filters {
    private final List<String> conditions = new ArrayList<>();
    private final Map<String, Object> values = new HashMap<>();

    /**
     * Narrows the list further.
     *
     * @param condition with the parameter of that name; left out where the value is null
     */
    public Filters and(String condition, String name, @Nullable Object value) {
        if (value != null) {
            conditions.add(condition);
            values.put(name, value);
        }
        return this;
    }

    /** Empty, or the conditions behind a {@code where}. */
    public String where() {
        return conditions.isEmpty() ? "" : "where " + String.join(" and ", conditions);
    }

    public Map<String, Object> values() {
        return Map.copyOf(values);
    }
}
