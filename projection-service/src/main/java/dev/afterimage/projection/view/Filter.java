package dev.afterimage.projection.view;

import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The filters of a list as SQL: only the conditions for which the client gave a value. */
public final class Filter {

    private final List<String> conditions = new ArrayList<>();
    private final List<Object> values = new ArrayList<>();

    /**
     * Adds a condition, unless its value is null.
     *
     * @param condition SQL with a question mark for the value
     */
    public Filter and(String condition, @Nullable Object value) {
        if (value != null) {
            conditions.add(condition);
            values.add(value);
        }
        return this;
    }

    /** Selects the rows after the cursor, the newest first; a null cursor selects from the newest row on. */
    Page page(int limit, @Nullable Cursor after) {
        if (after != null) {
            conditions.add("(created_at, id) < (?, ?)");
            values.add(after.createdAt().atOffset(ZoneOffset.UTC));
            values.add(after.id());
        }
        String where = conditions.isEmpty() ? "" : "where " + String.join(" and ", conditions);
        values.add(limit);
        return new Page(where + " order by created_at desc, id desc limit ?", values);
    }

    /** The conditions and values of the query. */
    record Page(String which, List<Object> values) {}
}
