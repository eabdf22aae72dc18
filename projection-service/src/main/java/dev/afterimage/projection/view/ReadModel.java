package dev.afterimage.projection.view;

import dev.afterimage.projection.change.Change;
import dev.afterimage.projection.change.Envelope;
import dev.afterimage.projection.change.Image;
import dev.afterimage.projection.change.ImageReader;
import dev.afterimage.projection.sql.RoundTrip;
import dev.afterimage.projection.sql.Sql.Column;
import dev.afterimage.projection.sql.Sql.Values;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
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

    /**
     * PostgreSQL keeps the plan of a statement. A plan from a time when the tables were small would read them whole for
     * each batch, until the tables are analyzed.
     */
    private static final String BY_INDEX = "set local enable_seqscan to off";

    private static final List<Column<Fold.Deletion>> DELETION = List.of(
            new Column<>("id", "uuid", Fold.Deletion::id),
            new Column<>("version", "int8", Fold.Deletion::version),
            new Column<>("cdc_timestamp", "timestamptz", Fold.Deletion::committedAt));

    private final String aggregate;
    private final List<Column<I>> columns;
    private final String deletedVersions;
    private final String upsert;
    private final String delete;

    /** @param columns the columns of the image, including {@code id} and {@code version} */
    protected ReadModel(String aggregate, List<Column<I>> columns) {
        this.aggregate = aggregate;
        this.columns = columns;
        this.deletedVersions = """
            select i.id, (select d.version from deletions d where d.aggregate = '%s' and d.id = i.id) as version
              from unnest(?::uuid[]) as i(id)
            """.formatted(aggregate);
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
             where coalesce((select d.version from deletions d where d.aggregate = '%4$s' and d.id = i.id), 0) < i.version
                on conflict (id) do update set %5$s
             where excluded.version > t.version
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
            delete from %1$s t using gone g where t.id = g.id and t.version <= g.version
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
        var reads = new RoundTrip();
        Stored stored = read(reads, changes);
        reads.run(connection);
        var writes = new RoundTrip();
        List<Result> results = stored.apply(writes, changes);
        writes.run(connection);
        return results;
    }

    /** Reads and locks the rows that these changes concern, when the round trip runs. */
    public final Stored read(RoundTrip reads, List<? extends Change> changes) {
        var stored = new Stored();
        if (!changes.isEmpty()) {
            Set<UUID> ids = changes.stream().map(Change::id).collect(Collectors.toSet());
            reads.add(BY_INDEX, List.of());
            lock(reads, ids, stored.images);
            reads.add(deletedVersions, List.of(Values.of("uuid", ids, id -> id)), row -> {
                while (row.next()) {
                    long version = row.getLong("version");
                    if (!row.wasNull()) {
                        stored.deletedVersions.put(row.getObject("id", UUID.class), version);
                    }
                }
            });
        }
        return stored;
    }

    /** The stored rows of some aggregates, locked until the transaction ends. */
    public final class Stored {

        private final Map<UUID, I> images = new HashMap<>();
        /** The versions of the deletes, for aggregates that were deleted. */
        private final Map<UUID, Long> deletedVersions = new HashMap<>();

        private Stored() {}

        /**
         * Adds the statements that apply the changes, with the same result as one by one.
         *
         * @return the result of each change, in the same order
         */
        public List<Result> apply(RoundTrip writes, List<? extends Change> changes) {
            var fold = new Fold(held());
            List<Result> results = changes.stream().map(fold::take).toList();
            upsert(writes, fold.upserts(), images);
            delete(writes, fold.deletions());
            return results;
        }

        private Map<UUID, Fold.Held> held() {
            Map<UUID, Fold.Held> held = HashMap.newHashMap(images.size() + deletedVersions.size());
            deletedVersions.forEach((id, version) -> held.put(id, new Fold.Held(version, null)));
            images.forEach((id, image) -> held.put(
                    id, new Fold.Held(Math.max(image.version(), deletedVersions.getOrDefault(id, 0L)), image)));
            return held;
        }
    }

    /** Reads the images of these aggregates and locks their rows. An aggregate without a row is missing. */
    protected abstract void lock(RoundTrip reads, Collection<UUID> ids, Map<UUID, I> stored);

    /**
     * Adds the writes of the rows that depend on the upserted ones. If another feed has written a newer row meanwhile,
     * the upsert changes nothing, and these statements must not change anything either.
     *
     * @param stored the images before the write
     */
    protected void addUpserts(RoundTrip writes, List<Envelope> events, Map<UUID, I> stored) {}

    /** Adds the deletes of the rows that depend on deleted ones; a row that another feed keeps keeps them. */
    protected void addDeletes(RoundTrip writes, Collection<UUID> ids) {}

    /** The {@code after} of an event of this aggregate. */
    @SuppressWarnings("unchecked") // created by this aggregate's reader
    protected final I after(Envelope event) {
        return (I) Objects.requireNonNull(event.after());
    }

    private void upsert(RoundTrip writes, List<Envelope> events, Map<UUID, I> stored) {
        if (events.isEmpty()) {
            return;
        }
        List<Values> values =
                new ArrayList<>(Values.of(events.stream().map(this::after).toList(), columns));
        values.add(Values.of("text", events, event -> event.op().code()));
        values.add(Values.of("timestamptz", events, Envelope::committedAt));
        writes.add(upsert, values);
        addUpserts(writes, events, stored);
    }

    private void delete(RoundTrip writes, List<Fold.Deletion> deletions) {
        if (deletions.isEmpty()) {
            return;
        }
        writes.add(delete, Values.of(deletions, DELETION));
        addDeletes(writes, deletions.stream().map(Fold.Deletion::id).toList());
    }
}
