package dev.afterimage.projection.rebuild;

import dev.afterimage.projection.change.Change;
import dev.afterimage.projection.sql.Sql;
import dev.afterimage.projection.view.ReadModel;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** The read model that a rebuild fills, in a second schema, and its progress. */
final class ShadowModel {

    private static final String SCHEMA = "cdc_rebuild";
    /** Named so by {@code cdc_raw.swap_models}. */
    private static final String REPLACED = "cdc_replaced";

    // topics with changes of table rows are in the event log, but not in the read model
    private static final String POSITION = """
            select p.topic, p.partition, p.next_offset as live, p.replaced_after is not null as replaced,
                   r.next_offset as rebuilt
              from cdc_raw.positions p
              left join cdc_raw.rebuild_positions r
                on r.rebuild_id = ? and r.topic = p.topic and r.partition = p.partition
             where p.topic like '%.events'
             order by p.topic, p.partition
            """;

    private static final String MOVE = """
            insert into cdc_raw.rebuild_positions as r (rebuild_id, topic, partition, first_offset, next_offset, events)
            values (?, ?, ?, ?, ?, ?)
                on conflict (rebuild_id, topic, partition) do update
               set next_offset = excluded.next_offset, events = r.events + excluded.events
            """;

    /** Nine tenths are the events, the last tenth the indexes. */
    private static final String PROGRESS = """
            select coalesce(sum(r.events), 0),
                   coalesce(0.9 * sum(r.next_offset - r.first_offset)::float8
                            / nullif(sum(p.next_offset - coalesce(r.first_offset, 0)), 0), 0)
                   + 0.1 * (select count(*) filter (where schemaname = 'cdc_rebuild')::float8
                                   / count(*) filter (where schemaname = 'cdc_processed')
                              from pg_indexes)
              from cdc_raw.positions p
              left join cdc_raw.rebuild_positions r
                on r.rebuild_id = ? and r.topic = p.topic and r.partition = p.partition
             where p.topic like '%.events'
            """;

    private static final String OWNED =
            "select obj_description(to_regnamespace('" + SCHEMA + "'), 'pg_namespace') is not distinct from ?";

    private static final String COMPLETIONS = """
            select replace(indexdef, ' ON cdc_processed.', ' ON %1$s.')
              from pg_indexes
             where schemaname = 'cdc_processed' and to_regclass(format('%%I.%%I', '%1$s', indexname)) is null
             union all
            select format('analyze %%I.%%I', schemaname, tablename) from pg_tables where schemaname = '%1$s'
            """.formatted(SCHEMA);

    private ShadowModel() {}

    /**
     * The progress of a partition.
     *
     * @param live the next offset of the live model
     * @param replaced whether the live model also has events of an earlier log of the partition
     * @param rebuilt the next offset of the shadow model; null if it has not begun
     */
    record Position(
            String topic,
            int partition,
            long live,
            boolean replaced,
            @Nullable Long rebuilt) {}

    /** The progress of all partitions. */
    record Progress(long events, double part) {}

    /**
     * Creates an empty schema, unless this rebuild has already begun to fill it, before a restart or in another
     * instance.
     */
    static void prepare(Connection connection, UUID rebuild) throws SQLException {
        boolean isBegun = Sql.first(connection, OWNED, row -> row.getBoolean(1), rebuild.toString())
                .orElseThrow();
        if (isBegun) {
            return;
        }
        drop(connection);
        Sql.run(connection, "delete from cdc_raw.rebuild_positions");
        Sql.run(connection, "select cdc_raw.new_model('" + SCHEMA + "')");
        Sql.run(connection, "comment on schema " + SCHEMA + " is '" + rebuild + "'");
    }

    static void drop(Connection connection) throws SQLException {
        Sql.run(connection, "drop schema if exists " + SCHEMA + " cascade");
    }

    /** Drops the model that a swap has replaced; waits for queries that still read it. */
    static void dropReplaced(Connection connection) throws SQLException {
        Sql.run(connection, "drop schema if exists " + REPLACED + " cascade");
    }

    static List<Position> positions(Connection connection, UUID rebuild) throws SQLException {
        Sql.Reader<Position> reader = Sql.Reader.ofEach(row -> new Position(
                row.getString("topic"),
                row.getInt("partition"),
                row.getLong("live"),
                row.getBoolean("replaced"),
                row.getObject("rebuilt", Long.class)));
        return Sql.select(connection, POSITION, reader, rebuild);
    }

    /**
     * Applies the changes to the shadow model, in the caller's transaction. From here on that transaction sees the
     * shadow model instead of the live one.
     */
    static void apply(Connection connection, List<ReadModel<?>> models, List<Change> changes) throws SQLException {
        Sql.run(connection, "set local search_path to " + SCHEMA);
        for (ReadModel<?> model : models) {
            var _ = model.apply(
                    connection,
                    changes.stream()
                            .filter(change -> change.aggregate().equals(model.aggregate()))
                            .toList());
        }
    }

    static void move(Connection connection, UUID rebuild, Position position, long first, long next, long events)
            throws SQLException {
        Sql.run(connection, MOVE, rebuild, position.topic(), position.partition(), first, next, events);
    }

    static Progress progress(Connection connection, UUID rebuild) throws SQLException {
        return Sql.first(connection, PROGRESS, row -> new Progress(row.getLong(1), row.getDouble(2)), rebuild)
                .orElseThrow();
    }

    /**
     * The statements that complete the shadow model when its rows are there: they create the indexes that queries need in
     * addition to the keys, and then analyze the tables.
     */
    static List<String> completions(Connection connection) throws SQLException {
        return Sql.select(connection, COMPLETIONS, Sql.Reader.ofEach(row -> row.getString(1)));
    }

    /** Whether a shadow model is left that no rebuild fills, or a replaced model that was still being read. */
    static boolean isLeft(Connection connection) throws SQLException {
        return Sql.first(
                        connection,
                        "select coalesce(to_regnamespace(?), to_regnamespace(?)) is not null",
                        row -> row.getBoolean(1),
                        SCHEMA,
                        REPLACED)
                .orElseThrow();
    }

    /** Replaces the live model with the shadow model, in the caller's transaction. */
    static void swap(Connection connection) throws SQLException {
        Sql.run(connection, "select cdc_raw.swap_models('" + SCHEMA + "')");
    }
}
