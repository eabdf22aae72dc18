package dev.afterimage.projection.view;

import dev.afterimage.projection.sql.RoundTrip;
import dev.afterimage.projection.sql.Sql;
import dev.afterimage.projection.sql.Sql.Values;
import java.util.Collection;
import java.util.List;
import java.util.UUID;
import java.util.function.Consumer;

/**
 * A query for aggregates of one kind in the read model.
 *
 * @param aggregate such as {@code order}
 * @param sql one statement; {@code %s} stands for the conditions, the order and the limit
 */
public record Selection<V extends View>(String aggregate, String sql, Sql.Reader<V> reader) {

    /** Reads the existing aggregates among these ids and locks their rows until the caller's transaction ends. */
    public void lock(RoundTrip reads, Collection<UUID> ids, Consumer<V> each) {
        reads.add(sql("where id = any (?) for update"), List.of(Values.of("uuid", ids, id -> id)), rows -> reader.read(
                        rows)
                .forEach(each));
    }

    String sql(String which) {
        return sql.formatted(which);
    }
}
