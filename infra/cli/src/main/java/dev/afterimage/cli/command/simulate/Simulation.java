package dev.afterimage.cli.command.simulate;

import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.afterimage.cli.command.simulate.SimulatedTable.Column;
import dev.afterimage.cli.service.AnyPostgres;
import dev.afterimage.stack.StackException;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.Set;
import java.util.function.LongFunction;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.postgresql.PGConnection;

/**
 * Makes inserts, updates, deletes and schema changes; the same seed and settings make the same changes. Changes only
 * rows that it inserted itself, and needs two bits of memory for each.
 */
final class Simulation implements AutoCloseable {

    /**
     * The settings of a simulation.
     *
     * @param records rows to insert in all
     * @param batches number of transactions
     * @param weights the ratio of inserts, updates and deletes
     * @param evolveEvery batches between two schema changes; 0 for none
     */
    record Settings(long records, int batches, Weights weights, int evolveEvery, long seed) {

        /** The rows to insert until the end of a batch. */
        private long rowsUntil(int batch) {
            return records / batches * batch + records % batches * batch / batches;
        }
    }

    /** The ratio of inserts, updates and deletes. */
    record Weights(int inserts, int updates, int deletes) {

        static Weights parse(String text) {
            try {
                int[] numbers = Arrays.stream(text.split(":", -1))
                        .mapToInt(Integer::parseInt)
                        .toArray();
                if (numbers.length == 3 && numbers[0] > 0 && numbers[1] >= 0 && numbers[2] >= 0) {
                    return new Weights(numbers[0], numbers[1], numbers[2]);
                }
            } catch (NumberFormatException e) {
                // reported below
            }
            throw new StackException("'" + text + "' are not weights such as 50:25:23 (inserts:updates:deletes).");
        }
    }

    /** The number of changes made. */
    record Counts(long inserts, long updates, long deletes) {

        long changes() {
            return inserts + updates + deletes;
        }

        private Counts plus(long moreInserts, long moreUpdates, long moreDeletes) {
            return new Counts(inserts + moreInserts, updates + moreUpdates, deletes + moreDeletes);
        }
    }

    /** A column that was added or dropped. */
    record SchemaChange(int batch, String table, boolean added, String column) {}

    /** Columns to add and drop; new tables have one of them from the beginning. */
    private static final List<Column> POOL = List.of(
            new Column("discount_rate", "numeric(5,2)"),
            new Column("promo_code", "text"),
            new Column("delivery_city", "text"),
            new Column("referral_channel", "text"),
            new Column("tax_rate", "numeric(5,2)"),
            new Column("gift_note", "text"),
            new Column("loyalty_points", "integer"),
            new Column("verified", "boolean"),
            new Column("birthday", "date"),
            new Column("last_contact_at", "timestamp with time zone"));

    private static final int PROBES = 40;
    /** The inserts that are sent at once; a larger batch has several such parts. */
    private static final int PART = 10_000;
    /** The rows that the memory of one simulation is for. */
    static final int MOST_ROWS = 100_000_000;
    /** PostgreSQL allows 1600 columns of a table, those that were dropped included. */
    private static final int MOST_ADDED = 1_000;

    /** The state of a table: which of its numbered rows exist, and which of them other rows refer to. */
    private static final class Live {
        private SimulatedTable table;
        private final Column key;
        private final int share;
        private final BitSet rows = new BitSet();
        private final BitSet referenced = new BitSet();
        /** The key of row number 0. */
        private final long base;

        private int count;
        private int added;
        private boolean parent;
        private final Set<String> dropped = new HashSet<>();
        private List<LongFunction<@Nullable String>> drawn = List.of();

        private Live(SimulatedTable table, long base) {
            this.table = table;
            this.base = base;
            this.key = table.columns().stream()
                    .filter(column -> column.name().equals(table.key()))
                    .findFirst()
                    .orElseThrow(() -> new StackException("Table " + table.name()
                            + " has no primary key of one column, by which its rows could be changed."));
            // a table with foreign keys gets more rows than the tables that it refers to
            this.share = 1
                    + (int) table.columns().stream()
                            .filter(column -> column.references() != null)
                            .count();
        }
    }

    private final Connection connection;
    private final Settings settings;
    private final Values values;
    private final Random random;
    private final Map<String, Live> tables = new LinkedHashMap<>();
    private final List<SchemaChange> schemaChanges = new ArrayList<>();
    private final List<Column> droppable;
    private final @Nullable JsonGenerator export;
    private Counts counts = new Counts(0, 0, 0);
    private int batch;
    private int committed;

    /**
     * @param ordered the tables to change, each after the tables that it refers to
     * @param ownTables whether the tables were created for this simulation, so that their columns may be dropped too
     * @param export gets each change of each batch as a JSON line; null for none
     */
    Simulation(
            Connection connection,
            List<SimulatedTable> ordered,
            boolean ownTables,
            Settings settings,
            @Nullable Writer export)
            throws SQLException {
        this.connection = connection;
        this.settings = settings;
        this.values = new Values(settings.seed());
        this.random = values.random();
        this.droppable = new ArrayList<>(ownTables ? POOL : List.of());
        for (SimulatedTable table : ordered) {
            Live live = new Live(table, firstKey(table));
            tables.put(table.name(), live);
        }
        tables.values().forEach(this::prepareValues);
        try {
            this.export = export == null
                    ? null
                    : new ObjectMapper().getFactory().createGenerator(export).setRootValueSeparator(null);
        } catch (IOException e) {
            throw unwritable(e);
        }
        connection.setAutoCommit(false);
    }

    /** The first free number of a numeric key; 0 for other keys, which depend only on the seed. */
    private long firstKey(SimulatedTable table) throws SQLException {
        boolean numbered = table.columns().stream()
                .anyMatch(column -> column.name().equals(table.key())
                        && List.of("bigint", "integer", "numeric").contains(column.type()));
        if (!numbered) {
            return 0;
        }
        try (Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery("select coalesce(max(%s), 0)::bigint + 1 from %s"
                        .formatted(AnyPostgres.quoted(Objects.requireNonNull(table.key())), table.sql()))) {
            row.next();
            return row.getLong(1);
        }
    }

    private void prepareValues(Live live) {
        List<LongFunction<@Nullable String>> drawn = new ArrayList<>();
        for (Column column : live.table.columns()) {
            Live parent = column.references() == null ? null : tables.get(column.references());
            if (column.equals(live.key)) {
                drawn.add(number -> key(live, number));
            } else if (parent != null) {
                parent.parent = true;
                boolean self = parent == live && !column.nullable();
                drawn.add(number -> parentKey(parent, self ? (int) number : -1));
            } else if (column.references() != null) {
                if (!column.nullable()) {
                    throw new StackException("Table " + live.table.name() + " refers to " + column.references()
                            + ": simulate that table too (--table " + column.references() + ").");
                }
                drawn.add(_ -> null);
            } else {
                drawn.add(values.drawn(column));
            }
        }
        live.drawn = drawn;
    }

    private String key(Live live, long number) {
        return values.key(live.table, live.key, live.base + number);
    }

    /** The key of a row to refer to. This row is never deleted, so deletes need not know which rows refer to a row. */
    private @Nullable String parentKey(Live parent, int otherwise) {
        int there = anyRow(parent);
        int number = there < 0 ? otherwise : there;
        if (number < 0) {
            return null;
        }
        parent.referenced.set(number);
        return key(parent, number);
    }

    private int anyRow(Live live) {
        if (live.count == 0) {
            return -1;
        }
        for (int probe = 0; probe < PROBES; probe++) {
            int number = random.nextInt(live.count);
            if (live.rows.get(number)) {
                return number;
            }
        }
        return live.rows.nextSetBit(0);
    }

    /**
     * Runs the next batch in its own transaction.
     *
     * @return the schema change of this batch, or null
     */
    @Nullable SchemaChange next() throws SQLException {
        batch++;
        SchemaChange change = evolves() ? evolve() : null;
        Counts after = counts;
        for (long until = settings.rowsUntil(batch); after.inserts() < until; ) {
            long left = Math.min(until, after.inserts() + PART);
            int sharesLeft =
                    tables.values().stream().mapToInt(live -> live.share).sum();
            for (Live live : tables.values()) {
                // rounded up, so that a table has a row before the tables that refer to it
                long target = Math.ceilDiv(left * live.share, sharesLeft);
                left -= target;
                sharesLeft -= live.share;
                int inserts = (int) target - live.count;
                insert(live, inserts);
                int updates = update(live, about(inserts, settings.weights().updates()));
                int deletes = delete(live, about(inserts, settings.weights().deletes()));
                after = after.plus(inserts, updates, deletes);
            }
        }
        connection.commit();
        committed = batch;
        counts = after;
        return change;
    }

    /** The number that the weight requires, randomly up to half more or less. */
    private int about(int inserts, int weight) {
        return (int) Math.round((double) inserts * weight / settings.weights().inserts() * (0.5 + random.nextDouble()));
    }

    private void insert(Live live, int rows) throws SQLException {
        if (rows == 0) {
            return;
        }
        List<Column> columns = live.table.columns();
        String[] keys = new String[rows];
        StringBuilder copied = new StringBuilder(rows * 16 * columns.size());
        for (int i = 0; i < rows; i++) {
            int number = live.count++;
            keys[i] = key(live, number);
            String[] row = new String[columns.size()];
            for (int column = 0; column < row.length; column++) {
                row[column] = live.drawn.get(column).apply(number);
                copied.append(column == 0 ? "" : "\t");
                escape(row[column], copied);
            }
            copied.append('\n');
            live.rows.set(number);
        }
        String names = String.join(
                ", ",
                columns.stream()
                        .map(column -> AnyPostgres.quoted(column.name()))
                        .toList());
        try {
            connection
                    .unwrap(PGConnection.class)
                    .getCopyAPI()
                    .copyIn(
                            "copy " + live.table.sql() + " (" + names + ") from stdin",
                            new ByteArrayInputStream(copied.toString().getBytes(StandardCharsets.UTF_8)));
        } catch (IOException e) {
            throw new SQLException("the rows cannot be sent: " + e.getMessage(), e);
        } catch (SQLException e) {
            if ("23505".equals(e.getSQLState())) {
                throw new StackException(
                        "Table " + live.table.name()
                                + " has such a row already: take another --seed, or drop the rows of"
                                + " the earlier simulation. " + e.getMessage(),
                        e);
            }
            throw e;
        }
        exported("c", live, keys, Map.of(), images(live, keys));
    }

    private static void escape(@Nullable String value, StringBuilder to) {
        if (value == null) {
            to.append("\\N");
            return;
        }
        for (int i = 0; i < value.length(); i++) {
            char character = value.charAt(i);
            switch (character) {
                case '\\' -> to.append("\\\\");
                case '\t' -> to.append("\\t");
                case '\n' -> to.append("\\n");
                case '\r' -> to.append("\\r");
                default -> to.append(character);
            }
        }
    }

    private int update(Live live, int wanted) throws SQLException {
        List<Integer> changeable = IntStream.range(0, live.table.columns().size())
                .filter(index -> {
                    Column column = live.table.columns().get(index);
                    return !column.equals(live.key) && column.references() == null && !column.unique();
                })
                .boxed()
                .toList();
        int[] rows = pick(live, wanted, new BitSet());
        if (rows.length == 0 || changeable.isEmpty()) {
            return 0;
        }
        int first = changeable.get(random.nextInt(changeable.size()));
        int second = changeable.get(random.nextInt(changeable.size()));
        int[] chosen = first == second ? new int[] {first} : new int[] {first, second};
        List<Column> columns = IntStream.of(chosen)
                .mapToObj(index -> live.table.columns().get(index))
                .toList();
        String[] keys = new String[rows.length];
        String[][] drawn = new String[chosen.length][rows.length];
        for (int i = 0; i < rows.length; i++) {
            keys[i] = key(live, rows[i]);
            for (int c = 0; c < chosen.length; c++) {
                drawn[c][i] = live.drawn.get(chosen[c]).apply(rows[i]);
            }
        }
        Map<String, String> before = images(live, keys);
        StringBuilder sql =
                new StringBuilder("update ").append(live.table.sql()).append(" t set ");
        StringBuilder arrays = new StringBuilder("?::text[]");
        StringBuilder names = new StringBuilder("k");
        for (int c = 0; c < chosen.length; c++) {
            sql.append(c == 0 ? "" : ", ")
                    .append(AnyPostgres.quoted(columns.get(c).name()))
                    .append(" = u.v")
                    .append(c)
                    .append("::")
                    .append(columns.get(c).type());
            arrays.append(", ?::text[]");
            names.append(", v").append(c);
        }
        sql.append(" from unnest(%s) as u(%s) where t.%s = u.k::%s"
                .formatted(arrays, names, AnyPostgres.quoted(live.key.name()), live.key.type()));
        try (PreparedStatement statement = connection.prepareStatement(sql.toString())) {
            statement.setArray(1, connection.createArrayOf("text", keys));
            for (int c = 0; c < chosen.length; c++) {
                statement.setArray(2 + c, connection.createArrayOf("text", drawn[c]));
            }
            int updated = statement.executeUpdate();
            exported("u", live, keys, before, images(live, keys));
            return updated;
        }
    }

    private int delete(Live live, int wanted) throws SQLException {
        // a table that others refer to keeps a row for the next that refers to it
        int most = live.rows.cardinality() - (live.parent ? 1 : 0);
        int[] rows = pick(live, Math.min(wanted, most), live.referenced);
        if (rows.length == 0) {
            return 0;
        }
        String[] keys = new String[rows.length];
        for (int i = 0; i < rows.length; i++) {
            live.rows.clear(rows[i]);
            keys[i] = key(live, rows[i]);
        }
        exported("d", live, keys, images(live, keys), Map.of());
        try (PreparedStatement statement = connection.prepareStatement("delete from %s where %s = any (?::text[]::%s[])"
                .formatted(live.table.sql(), AnyPostgres.quoted(live.key.name()), live.key.type()))) {
            statement.setArray(1, connection.createArrayOf("text", keys));
            return statement.executeUpdate();
        }
    }

    /** Picks distinct existing rows at random, none of {@code others}; may find fewer than wanted. */
    private int[] pick(Live live, int most, BitSet others) {
        int wanted = Math.min(most, live.rows.cardinality());
        BitSet picked = new BitSet();
        int found = 0;
        for (int probe = 0; found < wanted && probe < 4L * wanted; probe++) {
            int number = anyRow(live);
            if (number >= 0 && !picked.get(number) && !others.get(number)) {
                picked.set(number);
                found++;
            }
        }
        return picked.stream().toArray();
    }

    private boolean evolves() {
        return settings.evolveEvery() > 0 && batch % settings.evolveEvery() == 0;
    }

    private @Nullable SchemaChange evolve() throws SQLException {
        Live live = tables.values().stream().toList().get(random.nextInt(tables.size()));
        List<Column> there = live.table.columns();
        List<Column> leaving = there.stream().filter(this::mayGo).toList();
        List<Column> coming = (live.added < MOST_ADDED ? POOL : List.<Column>of())
                .stream()
                        .map(column -> neverThere(live, column))
                        .filter(column ->
                                there.stream().noneMatch(other -> other.name().equals(column.name())))
                        .toList();
        boolean adds = leaving.isEmpty() || (!coming.isEmpty() && random.nextInt(5) < 3);
        List<Column> choice = adds ? coming : leaving;
        if (choice.isEmpty()) {
            return null;
        }
        Column column = choice.get(random.nextInt(choice.size()));
        List<Column> after = new ArrayList<>(there);
        if (adds) {
            after.add(column);
            live.added++;
            if (!mayGo(column)) {
                droppable.add(column);
            }
        } else {
            after.remove(column);
            live.dropped.add(column.name());
        }
        String sql = "alter table " + live.table.sql() + (adds ? " add column " : " drop column ")
                + AnyPostgres.quoted(column.name()) + (adds ? " " + column.type() : "");
        try (Statement statement = connection.createStatement()) {
            // while this waits for a long query, every other query on the table would wait too
            statement.execute("set local lock_timeout = '5s'");
            statement.execute(sql);
        }
        live.table = live.table.with(after);
        prepareValues(live);
        exported("ddl", line -> line.writeStringField("sql", sql));
        SchemaChange change = new SchemaChange(batch, live.table.name(), adds, column.name());
        schemaChanges.add(change);
        return change;
    }

    /**
     * The column under a name that was never dropped: a replica keeps a dropped column, so its old values would
     * reappear under the same name.
     */
    private static Column neverThere(Live live, Column column) {
        String name = column.name();
        for (int times = 2; live.dropped.contains(name); times++) {
            name = column.name() + "_" + times;
        }
        return new Column(name, column.type());
    }

    private boolean mayGo(Column column) {
        return droppable.stream().anyMatch(other -> other.name().equals(column.name()));
    }

    /** The present rows of these keys as JSON, by key; nothing unless they are exported. */
    private Map<String, String> images(Live live, String[] keys) throws SQLException {
        Map<String, String> images = new HashMap<>();
        if (export == null) {
            return images;
        }
        try (PreparedStatement statement = connection.prepareStatement(
                "select k, to_json(t)::text from unnest(?::text[]) k join %s t on t.%s = k::%s"
                        .formatted(live.table.sql(), AnyPostgres.quoted(live.key.name()), live.key.type()))) {
            statement.setArray(1, connection.createArrayOf("text", keys));
            try (ResultSet row = statement.executeQuery()) {
                while (row.next()) {
                    images.put(row.getString(1), row.getString(2));
                }
            }
        }
        return images;
    }

    private void exported(String op, Live live, String[] keys, Map<String, String> before, Map<String, String> after) {
        for (String key : export == null ? new String[0] : keys) {
            exported(op, line -> {
                line.writeStringField("table", live.table.name());
                line.writeStringField("key", key);
                if (before.containsKey(key)) {
                    line.writeFieldName("before");
                    line.writeRawValue(before.get(key));
                }
                if (after.containsKey(key)) {
                    line.writeFieldName("after");
                    line.writeRawValue(after.get(key));
                }
            });
        }
    }

    private interface Fields {
        void write(JsonGenerator line) throws IOException;
    }

    private void exported(String op, Fields fields) {
        if (export == null) {
            return;
        }
        try {
            export.writeStartObject();
            export.writeNumberField("batch", batch);
            export.writeStringField("op", op);
            fields.write(export);
            export.writeEndObject();
            export.writeRaw('\n');
        } catch (IOException e) {
            throw unwritable(e);
        }
    }

    private static StackException unwritable(IOException e) {
        return new StackException("The export cannot be written: " + e.getMessage(), e);
    }

    boolean done() {
        return batch >= settings.batches() || counts.inserts() >= MOST_ROWS;
    }

    /** The number of committed batches. */
    int batch() {
        return committed;
    }

    Counts counts() {
        return counts;
    }

    List<SchemaChange> schemaChanges() {
        return schemaChanges;
    }

    /** The current tables. */
    List<SimulatedTable> tables() {
        return tables.values().stream().map(live -> live.table).toList();
    }

    /** Writes the export of the batches so far. */
    void flush() {
        try {
            if (export != null) {
                export.flush();
            }
        } catch (IOException e) {
            throw unwritable(e);
        }
    }

    /** Moves the sequences of numeric keys after the inserted rows, and writes the last of the export. */
    @Override
    public void close() throws SQLException {
        connection.rollback();
        for (Live live : tables.values()) {
            try (PreparedStatement statement = connection.prepareStatement(
                    "select setval(name, greatest(?, 1)) from pg_get_serial_sequence(?, ?) name where name is not null")) {
                statement.setLong(1, live.base + live.count - 1);
                statement.setString(2, live.table.sql());
                statement.setString(3, live.key.name());
                statement.executeQuery().close();
            }
        }
        connection.commit();
        flush();
    }
}
