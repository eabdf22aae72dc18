package dev.afterimage.projection.view;

import dev.afterimage.projection.web.Parameters;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** The filters of a list, from query parameters. */
public final class Filter {

    private final Parameters parameters = new Parameters();
    private final List<String> conditions = new ArrayList<>();
    private final List<Object> values = new ArrayList<>();

    /**
     * Adds a condition, if the parameter is present.
     *
     * @param condition SQL with a question mark for the value that the reader returns
     * @param rule describes a valid value to the client, when the reader throws {@link IllegalArgumentException}
     */
    public Filter by(
            String condition, String name, @Nullable String text, Function<String, Object> reader, String rule) {
        Object value = parameters.read(name, text, reader, rule);
        if (value != null) {
            conditions.add(condition);
            values.add(value);
        }
        return this;
    }

    /** Reads {@code limit} and {@code after}, and refuses the request if any parameter was invalid. */
    Page page(@Nullable String limit, @Nullable String after) {
        int size = parameters.limit(limit);
        Cursor cursor = parameters.read("after", after, Cursor::parse, "must come from a Link header");
        parameters.throwIfWrong();
        if (cursor != null) {
            conditions.add("(created_at, id) < (?, ?)");
            values.add(cursor.createdAt().atOffset(ZoneOffset.UTC));
            values.add(cursor.id());
        }
        String where = conditions.isEmpty() ? "" : "where " + String.join(" and ", conditions);
        values.add(size + 1); // one additional row shows whether there is a next page
        return new Page(where + " order by created_at desc, id desc limit ?", values, size);
    }

    /** The conditions and values of the query, which selects at most one row more than the size of the page. */
    record Page(String which, List<Object> values, int size) {}
}
