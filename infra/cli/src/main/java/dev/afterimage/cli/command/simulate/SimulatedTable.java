package dev.afterimage.cli.command.simulate;

import dev.afterimage.cli.service.AnyPostgres;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A table as described by PostgreSQL's catalogue.
 *
 * @param columns in their order, without generated columns
 * @param key the column of the primary key; null if the key has no column or several
 */
record SimulatedTable(
        String schema,
        String name,
        List<Column> columns,
        @Nullable String key) {

    /**
     * A column.
     *
     * @param type as {@code format_type} writes it: {@code character varying(100)}
     * @param references the table of the same schema that the column refers to, else null
     * @param unique whether the column has a unique index of its own
     */
    record Column(
            String name,
            String type,
            boolean nullable,
            @Nullable String references,
            boolean unique) {

        /** A nullable column without references or constraints. */
        Column(String name, String type) {
            this(name, type, true, null, false);
        }
    }

    SimulatedTable {
        columns = List.copyOf(columns);
    }

    /** Schema and name, quoted. */
    String sql() {
        return AnyPostgres.quoted(schema) + "." + AnyPostgres.quoted(name);
    }

    /** The same table with other columns. */
    SimulatedTable with(List<Column> others) {
        return new SimulatedTable(schema, name, others, key);
    }

    /** The tables of a schema, by name. */
    static Map<String, SimulatedTable> of(Connection connection, String schema) throws SQLException {
        Map<String, List<Column>> columns = new HashMap<>();
        Map<String, List<String>> keys = new HashMap<>();
        try (PreparedStatement statement = connection.prepareStatement("""
                select c.relname, a.attname, format_type(a.atttypid, a.atttypmod), not a.attnotnull,
                       (select f.relname from pg_constraint k join pg_class f on f.oid = k.confrelid
                         where k.conrelid = c.oid and k.contype = 'f' and k.conkey = array[a.attnum]
                           and f.relnamespace = c.relnamespace limit 1),
                       exists (select from pg_index i where i.indrelid = c.oid and i.indisprimary
                                and a.attnum = any (i.indkey)),
                       exists (select from pg_index i where i.indrelid = c.oid and i.indisunique
                                and i.indnkeyatts = 1 and i.indkey[0] = a.attnum)
                  from pg_class c
                  join pg_namespace n on n.oid = c.relnamespace
                  join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
                 where n.nspname = ? and c.relkind in ('r', 'p') and a.attgenerated = ''
                 order by c.relname, a.attnum""")) {
            statement.setString(1, schema);
            try (ResultSet row = statement.executeQuery()) {
                while (row.next()) {
                    String name = row.getString(1);
                    columns.computeIfAbsent(name, _ -> new ArrayList<>())
                            .add(new Column(
                                    row.getString(2),
                                    row.getString(3),
                                    row.getBoolean(4),
                                    row.getString(5),
                                    row.getBoolean(7)));
                    if (row.getBoolean(6)) {
                        keys.computeIfAbsent(name, _ -> new ArrayList<>()).add(row.getString(2));
                    }
                }
            }
        }
        Map<String, SimulatedTable> tables = new HashMap<>();
        columns.forEach((name, own) -> {
            List<String> key = keys.getOrDefault(name, List.of());
            tables.put(name, new SimulatedTable(schema, name, own, key.size() == 1 ? key.getFirst() : null));
        });
        return tables;
    }
}
