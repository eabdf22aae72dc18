package dev.afterimage.projection.audit;

import dev.afterimage.projection.audit.Table.Row;
import dev.afterimage.projection.audit.Table.RowKey;
import dev.afterimage.projection.sql.Database;
import dev.afterimage.projection.sql.Sql;
import dev.afterimage.projection.sql.Sql.Values;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** Reads the rows of one side during an audit. */
final class Rows implements AutoCloseable {

    private static final String COLUMNS = """
            select table_name, column_name, data_type
              from information_schema.columns
             where table_schema = any (current_schemas(false)) and table_name = any (?)
             order by table_name, ordinal_position
            """;

    private static final String CONFIRMED = """
            select coalesce(confirmed_flush_lsn >= ?::pg_lsn, false) from pg_replication_slots
             where slot_name = ? and database = current_database()
            """;

    /**
     * The canonical text form of a value. The same value has the same text on all sides, even if their column types
     * differ.
     */
    private enum Form {
        NUMBER("trim_scale(%s::numeric)::text"),
        TIME("(%s::timestamptz at time zone 'UTC')::text"),
        TEXT("%s::text");

        private final String sql;

        Form(String sql) {
            this.sql = sql;
        }

        static Form of(String type) {
            return switch (type) {
                case "smallint", "integer", "bigint", "numeric", "real", "double precision" -> NUMBER;
                case "timestamp with time zone", "timestamp without time zone" -> TIME;
                default -> TEXT;
            };
        }
    }

    /**
     * The number of rows in a range, and their hash.
     *
     * @param hash the sum of the rows' hashes
     */
    record Digest(long rows, long hash) {

        static final Digest NONE = new Digest(0, 0);

        static Digest of(Map<RowKey, Row> rows) {
            return new Digest(
                    rows.size(), rows.values().stream().mapToLong(Row::hash).sum());
        }

        static Digest of(@Nullable Row row) {
            return row == null ? NONE : new Digest(1, row.hash());
        }

        Digest plus(Digest other) {
            return new Digest(rows + other.rows, hash + other.hash);
        }

        Digest minus(Digest other) {
            return new Digest(rows - other.rows, hash - other.hash);
        }
    }

    private final Side side;
    private final Connection connection;
    /** The types of the columns by table and column, in the order of the columns. */
    private final Map<String, Map<String, String>> types = new HashMap<>();

    private final Map<String, Map<String, Form>> compared = new HashMap<>();

    Rows(Side side, Connection connection) {
        this.side = side;
        this.connection = connection;
    }

    /** A side does not answer, or this service may not read it. */
    static final class Unreadable extends Exception {

        private final Side side;

        Unreadable(Side side, SQLException cause) {
            super(cause.getMessage(), cause);
            this.side = side;
        }

        Side side() {
            return side;
        }
    }

    /** Reads the columns of the tables. */
    void describe() throws Unreadable {
        record Column(String table, String name, String type) {}
        Sql.Reader<Column> reader = Sql.Reader.ofEach(row ->
                new Column(row.getString("table_name"), row.getString("column_name"), row.getString("data_type")));
        var names = Values.of("text", Table.ALL, Table::name);
        query(connection -> Sql.select(connection, COLUMNS, reader, names))
                .forEach(column -> types.computeIfAbsent(column.table(), _ -> new LinkedHashMap<>())
                        .put(column.name(), column.type()));
    }

    Side side() {
        return side;
    }

    boolean has(Table table) {
        return types.containsKey(table.name());
    }

    /** The table's columns without the key. */
    List<String> columns(Table table) {
        return types.getOrDefault(table.name(), Map.of()).keySet().stream()
                .filter(column -> !column.equals(table.id()) && !column.equals(table.line()))
                .toList();
    }

    /** Sets the columns that are compared, in the text forms of the source. */
    void compare(Table table, Collection<String> columns, Rows source) {
        Map<String, String> wanted = source.types.getOrDefault(table.name(), Map.of());
        Map<String, Form> forms = new LinkedHashMap<>();
        columns.forEach(column -> forms.put(column, Form.of(wanted.getOrDefault(column, ""))));
        compared.put(table.name(), forms);
    }

    /** The id of the row at position {@code rows} after {@code from}; empty if there are fewer rows. */
    Optional<UUID> bound(Table table, UUID from, int rows) throws Unreadable {
        String sql = "select %1$s from %2$s where %1$s >= ? order by %1$s offset ? limit 1"
                .formatted(table.id(), table.name());
        return query(connection -> Sql.first(connection, sql, row -> row.getObject(1, UUID.class), from, rows - 1));
    }

    /** The digest of the rows between two ids, both included. */
    Digest digest(Table table, UUID from, UUID to) throws Unreadable {
        String sql = "select count(*), coalesce(sum(%s), 0) from %s t where %s between ? and ?"
                .formatted(hash(table), table.name(), table.id());
        // longValue() gives the sum modulo 2^64
        Sql.RowReader<Digest> reader = row ->
                new Digest(row.getLong(1), row.getBigDecimal(2).toBigInteger().longValue());
        return query(connection -> Sql.first(connection, sql, reader, from, to)).orElseThrow();
    }

    /** The rows of a range, without their cells. */
    Map<RowKey, Row> range(Table table, UUID from, UUID to) throws Unreadable {
        return rows(select(table, "") + " where %s between ? and ?".formatted(table.id()), 0, from, to);
    }

    /** The rows of these ids with their cells. Several rows may have the same id. */
    Map<RowKey, Row> look(Table table, Collection<UUID> ids) throws Unreadable {
        Collection<String> cells = forms(table).keySet();
        String texts = cells.stream().map(column -> ", " + text(table, column)).collect(Collectors.joining());
        return rows(
                select(table, texts) + " where %s = any (?)".formatted(table.id()),
                cells.size(),
                Values.of("uuid", ids, id -> id));
    }

    /** The compared columns, in the order of the cells of a row. */
    List<String> compared(Table table) {
        return List.copyOf(forms(table).keySet());
    }

    /** The current end of the WAL. All rows that were read before lie before this position. */
    String position() throws Unreadable {
        return query(connection ->
                        Sql.first(connection, "select pg_current_wal_insert_lsn()::text", row -> row.getString(1)))
                .orElseThrow();
    }

    /** Whether the slot's reader has confirmed that position; empty if the slot does not exist. */
    Optional<Boolean> confirmed(String slot, String position) throws Unreadable {
        return query(connection -> Sql.first(connection, CONFIRMED, row -> row.getBoolean(1), position, slot));
    }

    @Override
    public void close() {
        try {
            connection.close();
        } catch (SQLException e) {
            // the connection is closed anyway
        }
    }

    private <T> T query(Database.Work<T> work) throws Unreadable {
        try {
            return work.run(connection);
        } catch (SQLException e) {
            throw new Unreadable(side, e);
        }
    }

    private Map<RowKey, Row> rows(String sql, int cells, Object... parameters) throws Unreadable {
        Sql.Reader<Map.Entry<RowKey, Row>> reader = Sql.Reader.ofEach(row -> {
            List<@Nullable String> texts = new ArrayList<>(cells);
            for (int i = 0; i < cells; i++) {
                texts.add(row.getString(5 + i));
            }
            return Map.entry(
                    new RowKey(row.getObject(1, UUID.class), row.getInt(2)),
                    new Row(row.getObject(3, Long.class), row.getLong(4), texts));
        });
        Map<RowKey, Row> rows = new LinkedHashMap<>();
        query(connection -> Sql.select(connection, sql, reader, parameters))
                .forEach(row -> rows.put(row.getKey(), row.getValue()));
        return rows;
    }

    private String select(Table table, String cells) {
        return "select %s, (%s)::int, (%s)::bigint, %s%s from %s t"
                .formatted(table.id(), line(table), version(table), hash(table), cells, table.name());
    }

    private String hash(Table table) {
        String texts = forms(table).keySet().stream()
                .map(column -> ", " + text(table, column))
                .collect(Collectors.joining());
        return "('x' || left(md5(row(%s, %s%s)::text), 16))::bit(64)::bigint".formatted(table.id(), line(table), texts);
    }

    private String text(Table table, String column) {
        return forms(table).getOrDefault(column, Form.TEXT).sql.formatted('"' + column + '"');
    }

    private Map<String, Form> forms(Table table) {
        return compared.getOrDefault(table.name(), Map.of());
    }

    /** The index of a line from 0; the read model counts lines from 1. */
    private String line(Table table) {
        if (table.line() == null) {
            return "0";
        }
        return side == Side.READ_MODEL ? "line_no - 1" : table.line();
    }

    /**
     * The version of a row. An order line has the version of its order, except in the replica, which writes lines
     * separately.
     */
    private String version(Table table) {
        if (table.line() == null) {
            return Table.VERSION;
        }
        return side == Side.REPLICA ? "null" : "(select o.version from orders o where o.id = t.order_id)";
    }
}
