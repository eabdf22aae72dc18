package dev.afterimage.projection.view;

import dev.afterimage.projection.change.Change;
import dev.afterimage.projection.change.Envelope;
import dev.afterimage.projection.change.Image;
import dev.afterimage.projection.change.ImageReader;
import dev.afterimage.projection.sql.Sql;
import dev.afterimage.projection.sql.Sql.Column;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.UUID;
import java.util.stream.Collectors;

/**
 * Writes the rows of one kind of aggregate, with a few statements for any number of changes. The statements repeat the
 * version check of the fold, so that two feeds that read the same topic at the same time cannot overwrite a newer row.
 * The table names have no schema, because a rebuild fills tables of another schema.
 */
public abstract class ReadModel<I extends Image> implements ImageReader {

    private static final String DELETED = """
            select id, version from deletions where aggregate = ? and id = any (?)
            """;

    private final String aggregate;
    private final List<Column<I>> columns;
    private final String upsert;
    private final String delete;

    /** @param columns the columns of the image, including {@code id} and {@code version} */
    protected ReadModel(String aggregate, List<Column<I>> columns) {
        this.aggregate = aggregate;
        this.columns = columns;
        String names = columns.stream().map(Column::name).collect(Collectors.joining(", "));
        String types =
                columns.stream().map(column -> "?::" + column.type() + "[]").collect(Collectors.joining(", "));
        List<String> assigned =
                new ArrayList<>(columns.stream().map(Column::name).toList());
        assigned.remove("id");
        assigned.addAll(List.of("cdc_operation", "cdc_timestamp", "synced_at"));
        String assignments =
                assigned.stream().map(name -> name + " = excluded." + name).collect(Collectors.joining(", "));
        upsert = """
            insert into %1$s as t (%2$s, cdc_operation, cdc_timestamp, synced_at)
            select i.*, clock_timestamp()
              from unnest(%3$s, ?::text[], ?::timestamptz[]) as i(%2$s, cdc_operation, cdc_timestamp)
             where not exists (select from deletions d
                                where d.aggregate = '%4$s' and d.id = i.id and d.version >= i.version)
                on conflict (id) do update set %5$s
             where excluded.version > t.version
            returning t.id
            """.formatted(table(), names, types, aggregate, assignments);
        delete = """
            with gone as (
                select * from unnest(?::uuid[], ?::bigint[], ?::timestamptz[]) as g(id, version, cdc_timestamp)
            ), remembered as (
                insert into deletions as d (aggregate, id, version, cdc_timestamp, synced_at)
                select '%2$s', g.id, g.version, g.cdc_timestamp, clock_timestamp() from gone g
                    on conflict (aggregate, id) do update
                   set version = excluded.version, cdc_timestamp = excluded.cdc_timestamp,
                       synced_at = excluded.synced_at
                 where excluded.version > d.version
            )
            delete from %1$s t using gone g where t.id = g.id and t.version <= g.version returning t.id
            """.formatted(table(), aggregate);
    }

    @Override
    public final String aggregate() {
        return aggregate;
    }

    /** The table with the rows. */
    public final String table() {
        return aggregate + "s";
    }

    /**
     * Applies the changes in the caller's transaction, with the same result as one by one.
     *
     * @return the result of each change, in the same order
     */
    public final List<Result> apply(Connection connection, List<? extends Change> changes) throws SQLException {
        if (changes.isEmpty()) {
            return List.of();
        }
        Set<UUID> ids = changes.stream().map(Change::id).collect(Collectors.toSet());
        Map<UUID, I> held = held(connection, ids);
        var fold = new Fold(known(held, deletedVersions(connection, ids)));
        List<Result> applied = new ArrayList<>(changes.size());
        for (Change change : changes) {
            applied.add(fold.take(change));
        }
        upsert(connection, fold.upserts(), held);
        delete(connection, fold.deletions());
        return applied;
    }

    /**
     * Returns the stored images and locks their rows until the transaction ends. An aggregate without a row is missing.
     */
    protected abstract Map<UUID, I> held(Connection connection, Collection<UUID> ids) throws SQLException;

    /**
     * Called after rows were written, to write their dependent rows.
     *
     * @param held the images before the write
     */
    protected void written(Connection connection, List<Envelope> events, Map<UUID, I> held) throws SQLException {}

    /** Called after rows were deleted, to delete their dependent rows. */
    protected void deleted(Connection connection, Collection<UUID> ids) throws SQLException {}

    /** The {@code after} of an event of this aggregate. */
    @SuppressWarnings("unchecked") // created by this aggregate's reader
    protected final I after(Envelope event) {
        return (I) Objects.requireNonNull(event.after());
    }

    /** The versions of the deletes, for aggregates that were deleted. */
    private Map<UUID, Long> deletedVersions(Connection connection, Set<UUID> ids) throws SQLException {
        Map<UUID, Long> versions = new HashMap<>();
        try (PreparedStatement statement = connection.prepareStatement(DELETED)) {
            statement.setString(1, aggregate);
            Sql.setArray(statement, 2, "uuid", ids, id -> id);
            try (ResultSet row = statement.executeQuery()) {
                while (row.next()) {
                    versions.put(row.getObject("id", UUID.class), row.getLong("version"));
                }
            }
        }
        return versions;
    }

    private Map<UUID, Fold.Held> known(Map<UUID, I> images, Map<UUID, Long> deleted) {
        Map<UUID, Fold.Held> known = HashMap.newHashMap(images.size() + deleted.size());
        deleted.forEach((id, version) -> known.put(id, new Fold.Held(version, null)));
        images.forEach((id, image) ->
                known.put(id, new Fold.Held(Math.max(image.version(), deleted.getOrDefault(id, 0L)), image)));
        return known;
    }

    private void upsert(Connection connection, List<Envelope> events, Map<UUID, I> held) throws SQLException {
        if (events.isEmpty()) {
            return;
        }
        try (PreparedStatement statement = connection.prepareStatement(upsert)) {
            List<I> images = events.stream().map(this::after).toList();
            Sql.setColumns(statement, 1, images, columns);
            Sql.<Envelope>setArray(statement, columns.size() + 1, "text", events, event -> event.op()
                    .code());
            Sql.<Envelope>setArray(statement, columns.size() + 2, "timestamptz", events, Envelope::committedAt);
            Set<UUID> ids = ids(statement);
            List<Envelope> written =
                    events.stream().filter(event -> ids.contains(event.id())).toList();
            written(connection, written, held);
        }
    }

    private void delete(Connection connection, List<Fold.Deletion> deletions) throws SQLException {
        if (deletions.isEmpty()) {
            return;
        }
        try (PreparedStatement statement = connection.prepareStatement(delete)) {
            Sql.<Fold.Deletion>setArray(statement, 1, "uuid", deletions, Fold.Deletion::id);
            Sql.<Fold.Deletion>setArray(statement, 2, "int8", deletions, Fold.Deletion::version);
            Sql.<Fold.Deletion>setArray(statement, 3, "timestamptz", deletions, Fold.Deletion::committedAt);
            deleted(connection, ids(statement));
        }
    }

    private static Set<UUID> ids(PreparedStatement statement) throws SQLException {
        Set<UUID> ids = new HashSet<>();
        try (ResultSet row = statement.executeQuery()) {
            while (row.next()) {
                ids.add(row.getObject(1, UUID.class));
            }
        }
        return ids;
    }
}
