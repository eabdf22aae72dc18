package dev.afterimage.cli.command.simulate;

import dev.afterimage.cli.service.AnyPostgres;
import dev.afterimage.cli.terminal.Prompt;
import dev.afterimage.stack.Postgres;
import dev.afterimage.stack.StackException;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Uses an existing schema, tables, publication and slot, or creates them. Drops what it created, on request. */
final class Setup {

    private static final String ONE_TABLE = "simulated_orders";

    /** The columns of the tables that are created for {@code --shop}. */
    private static final Map<String, String> SHOP = new LinkedHashMap<>();

    static {
        SHOP.put("simulated_customers", """
                id uuid primary key, name text not null, email text not null, phone text, city text,
                created_at timestamptz not null, discount_rate numeric(5, 2)""");
        SHOP.put("simulated_products", """
                id uuid primary key, product_name text not null, category text, price numeric(10, 2) not null""");
        SHOP.put("simulated_orders", """
                id uuid primary key, customer_id uuid not null references %1$s.simulated_customers,
                status text not null, currency text not null, amount numeric(10, 2) not null,
                created_at timestamptz not null""");
        SHOP.put("simulated_order_items", """
                id uuid primary key, order_id uuid not null references %1$s.simulated_orders,
                product_id uuid not null references %1$s.simulated_products, quantity integer not null""");
    }

    private static final String ALONE = """
            id uuid primary key, customer_name text not null, email text not null, product text,
            quantity integer not null, amount numeric(10, 2) not null, status text not null,
            discount_rate numeric(5, 2), created_at timestamptz not null""";

    private final Connection connection;
    private String schema;
    private List<String> wanted;
    private @Nullable String publication;
    private @Nullable String slot;
    /** The created objects, newest first, each with the statement that drops it. */
    private final LinkedHashMap<String, String> undo = new LinkedHashMap<>();

    private boolean madeAll = true;

    /** @param tables names; empty for the default tables */
    Setup(
            Connection connection,
            String schema,
            List<String> tables,
            boolean shop,
            @Nullable String publication,
            @Nullable String slot) {
        this.connection = connection;
        this.schema = schema;
        this.wanted = !tables.isEmpty() ? tables : shop ? List.copyOf(SHOP.keySet()) : List.of(ONE_TABLE);
        this.publication = publication;
        this.slot = slot;
    }

    /** Asks for every setting; the values of options and variables are the defaults. */
    void ask(Prompt prompt) throws SQLException {
        schema = prompt.ask(
                "Schema",
                schema,
                names(
                        "select nspname from pg_namespace where nspname !~ '^pg_' and nspname <> 'information_schema' order by 1"));
        String tables = prompt.ask(
                "Tables, separated by commas; a new name creates a table",
                String.join(",", wanted),
                SimulatedTable.of(connection, schema).keySet().stream().sorted().toList());
        wanted = Arrays.stream(tables.split(",")).map(String::strip).toList();
        publication = none(prompt.ask(
                "Publication, - for none",
                publication == null ? "simulation" : publication,
                names("select pubname from pg_publication order by 1")));
        slot = none(prompt.ask(
                "Replication slot, - for none (a slot that is not read fills the disk)",
                slot == null ? "-" : slot,
                names("select slot_name from pg_replication_slots where database = current_database() order by 1")));
    }

    private static @Nullable String none(String answer) {
        return answer.equals("-") ? null : answer;
    }

    private List<String> names(String sql, String... parameters) throws SQLException {
        return Postgres.texts(connection, sql, parameters);
    }

    /** Creates what is missing and returns the tables, each after the tables that it refers to. */
    List<SimulatedTable> make() throws SQLException {
        if (names("select nspname from pg_namespace").stream().noneMatch(schema::equals)) {
            make(
                    "schema " + schema,
                    "create schema " + AnyPostgres.quoted(schema),
                    "drop schema " + AnyPostgres.quoted(schema));
        }
        Map<String, SimulatedTable> existing = SimulatedTable.of(connection, schema);
        for (String name : wanted) {
            if (existing.containsKey(name)) {
                madeAll = false;
                continue;
            }
            String qualified = AnyPostgres.quoted(schema) + "." + AnyPostgres.quoted(name);
            String columns =
                    (wanted.size() > 1 ? SHOP.getOrDefault(name, ALONE) : ALONE).formatted(AnyPostgres.quoted(schema));
            make("table " + name, "create table " + qualified + " (" + columns + ")", "drop table " + qualified);
            // so that the log has the old row, and events have a before image
            execute("alter table " + qualified + " replica identity full");
        }
        Map<String, SimulatedTable> all = SimulatedTable.of(connection, schema);
        List<SimulatedTable> tables = wanted.stream()
                .map(name -> Objects.requireNonNull(all.get(name)))
                .toList();
        publish(tables);
        if (slot != null && !names("select slot_name from pg_replication_slots").contains(slot)) {
            make(
                    "replication slot " + slot,
                    "select pg_create_logical_replication_slot(" + literal(slot) + ", 'pgoutput')",
                    "select pg_drop_replication_slot(" + literal(slot) + ")");
        }
        return ordered(tables);
    }

    private void publish(List<SimulatedTable> tables) throws SQLException {
        if (publication == null) {
            return;
        }
        String name = AnyPostgres.quoted(publication);
        if (!names("select pubname from pg_publication").contains(publication)) {
            make(
                    "publication " + publication,
                    "create publication " + name + " for table "
                            + String.join(
                                    ", ",
                                    tables.stream().map(SimulatedTable::sql).toList()),
                    "drop publication " + name);
            return;
        }
        for (SimulatedTable table : tables) {
            String published =
                    "select pubname from pg_publication_tables where pubname = ? and schemaname = ? and tablename = ?";
            if (names(published, publication, table.schema(), table.name()).isEmpty()) {
                make(
                        table.name() + " in publication " + publication,
                        "alter publication " + name + " add table " + table.sql(),
                        "alter publication " + name + " drop table " + table.sql());
            }
        }
    }

    private void make(String what, String sql, String opposite) throws SQLException {
        execute(sql);
        undo.putFirst(what, opposite);
    }

    private void execute(String sql) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }

    private static String literal(String text) {
        return "'" + text.replace("'", "''") + "'";
    }

    private static List<SimulatedTable> ordered(List<SimulatedTable> tables) {
        List<SimulatedTable> left = new ArrayList<>(tables);
        Set<String> placed = new LinkedHashSet<>();
        List<SimulatedTable> ordered = new ArrayList<>();
        while (!left.isEmpty()) {
            SimulatedTable next = left.stream()
                    .filter(table -> table.columns().stream()
                            .allMatch(column -> column.references() == null
                                    || column.references().equals(table.name())
                                    || placed.contains(column.references())
                                    || left.stream()
                                            .noneMatch(other -> other.name().equals(column.references()))))
                    .findFirst()
                    .orElseThrow(() -> new StackException("The tables "
                            + String.join(
                                    ", ",
                                    left.stream().map(SimulatedTable::name).toList())
                            + " refer to each other in a circle, which the simulation cannot fill."));
            left.remove(next);
            placed.add(next.name());
            ordered.add(next);
        }
        return ordered;
    }

    /** Whether all tables were created here. */
    boolean madeAllTables() {
        return madeAll;
    }

    /** The created objects, newest first; empty if all existed before. */
    List<String> made() {
        return List.copyOf(undo.keySet());
    }

    /** The schema of the tables. */
    String schema() {
        return schema;
    }

    /** Drops the created objects. */
    void dropMade() throws SQLException {
        connection.setAutoCommit(true);
        for (String sql : undo.values()) {
            execute(sql);
        }
    }
}
