package dev.afterimage.projection.audit;

import dev.afterimage.projection.OrderTopic;
import dev.afterimage.testing.Database;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.TopicPartition;
import org.jspecify.annotations.Nullable;

/**
 * The source with the tables of order-service, and its followers: events on the topics, which the service applies, and
 * a replica whose tables are written one by one, as Debezium's sink does. The test itself moves the changes, so that
 * they can be late or wrong.
 */
final class Shop implements AutoCloseable {

    /** A table: its id, its columns, and the JSON image of a row in the events. */
    private record Table(String id, String columns, String aggregate, String image) {}

    private static final String TIMES = """
            'createdAt', to_char(created_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
            'updatedAt', to_char(updated_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), 'version', version
            """;

    private static final Map<String, Table> TABLES = Map.of(
            "customers",
            new Table(
                    "id",
                    "id, name, email, created_at, updated_at, version",
                    "customer",
                    "'name', name, 'email', email, " + TIMES),
            "products",
            new Table(
                    "id",
                    "id, sku, name, price, created_at, updated_at, version",
                    "product",
                    "'sku', sku, 'name', name, 'price', price::text, " + TIMES),
            "orders",
            new Table(
                    "id",
                    "id, customer_id, status, currency, total, created_at, updated_at, version",
                    "order",
                    """
                    'customerId', customer_id, 'status', status, 'currency', currency, 'total', total::text,
                    'items', (select jsonb_agg(jsonb_build_object(
                                         'productId', product_id, 'quantity', quantity, 'unitPrice', unit_price::text,
                                         'lineTotal', line_total::text) order by position)
                                from order_items where order_id = t.id),
                    """ + TIMES),
            "order_items",
            new Table("order_id", "order_id, position, product_id, quantity, unit_price, line_total", "", ""));

    private static final List<String> SLOTS = List.of("audited_outbox", "audited_tables");
    static final String SOURCE = "audited_orders";
    static final String REPLICA = "audited_replica";
    private static final String SINK = "connect-replica-sink";

    final UUID customer = UUID.randomUUID();
    final UUID product = UUID.randomUUID();
    private final String jdbcUrl;
    private final Map<Thread, Map<String, Connection>> connections = new ConcurrentHashMap<>();
    private final OrderTopic topics;
    private final Admin kafka;

    Shop(String jdbcUrl, String bootstrapServers) {
        this.jdbcUrl = jdbcUrl;
        topics = new OrderTopic(bootstrapServers);
        kafka = Admin.create(Map.of("bootstrap.servers", bootstrapServers));
    }

    /** Creates the databases of source and replica if they are missing. */
    private void create(String database, String owner) throws SQLException {
        if (text("postgres", "select 1 from pg_database where datname = '%s'".formatted(database)) == null) {
            run("postgres", "create database %s owner %s".formatted(database, owner));
        }
    }

    /** Creates the source's tables with its own migrations, and one customer, one product and orders of two lines. */
    List<UUID> open(int orders) throws Exception {
        Database.of(jdbcUrl(SOURCE))
                .as("orders_owner")
                .migrate(Path.of("../order-service/src/main/resources/db/migration"));
        for (String slot : SLOTS) {
            run(SOURCE, "select pg_create_logical_replication_slot('%s', 'pgoutput')".formatted(slot));
        }
        run(SOURCE, """
                insert into customers values ('%s', 'Ada ""', 'ada@example.org', now(), now(), 1);
                insert into products values ('%s', 'LOOM-1', 'Zoë, (cards)', 29.90, now(), now(), 1);
                """.formatted(customer, product));
        dropReplica();
        // some types differ from the source; the audit compares values
        run(REPLICA, """
                set role replica;
                alter default privileges in schema public grant select on tables to auditor;
                create table customers (id uuid primary key, name text, email text, created_at timestamptz,
                                        updated_at text, version bigint, __cdc_operation text);
                create table products (id uuid primary key, sku text, name text, price numeric, created_at timestamptz,
                                       updated_at timestamptz, version int, __cdc_operation text);
                create table orders (id uuid primary key, customer_id uuid, status text, currency text, total text,
                                     created_at timestamptz, updated_at timestamptz, version bigint, __cdc_operation text);
                create table order_items (order_id uuid, position int, product_id text, quantity bigint, unit_price numeric,
                                          line_total numeric(30, 6), __cdc_operation text, primary key (order_id, position));
                reset role;
                """);
        List<UUID> placed = place(orders);
        for (String table : TABLES.keySet()) {
            publish(table, "true");
            replicate(table, "true");
        }
        return placed;
    }

    /** Removes everything, so that other tests find the databases unchanged. */
    void drop() throws SQLException {
        create(SOURCE, "orders_owner");
        create(REPLICA, "replica");
        run(
                SOURCE,
                "select pg_drop_replication_slot(slot_name) from pg_replication_slots where slot_name in ('%s')"
                        .formatted(String.join("', '", SLOTS)));
        run(SOURCE, "drop owned by orders_owner cascade");
        dropReplica();
        run(
                "projection",
                "truncate cdc_processed.orders, cdc_processed.order_items, cdc_processed.customers,"
                        + " cdc_processed.products, cdc_processed.deletions");
    }

    void dropReplica() throws SQLException {
        run(REPLICA, "drop table if exists customers, products, orders, order_items cascade");
    }

    /** Places orders of two lines, at the source only. */
    List<UUID> place(int orders) throws SQLException {
        List<UUID> ids = Stream.generate(UUID::randomUUID).limit(orders).toList();
        String array =
                ids.stream().map(UUID::toString).collect(Collectors.joining("', '", "unnest(array['", "']::uuid[])"));
        run(SOURCE, """
                begin;
                insert into orders select id, '%2$s', 'PENDING', 'EUR', 89.70, now(), clock_timestamp(), 1 from %1$s id;
                insert into order_items select id, 0, '%3$s', 2, 29.90, 59.80 from %1$s id;
                insert into order_items select id, 1, '%3$s', 1, 29.90, 29.90 from %1$s id;
                commit;
                """.formatted(array, customer, product));
        return ids;
    }

    /** Writes the next version of the order at the source, with other lines. */
    void change(UUID order) throws SQLException {
        run(SOURCE, """
                begin;
                update orders set version = version + 1, updated_at = clock_timestamp(), total = 29.90 * (version + 3)
                 where id = '%1$s';
                update order_items set quantity = quantity + 1, line_total = unit_price * (quantity + 1)
                 where order_id = '%1$s' and position = 0;
                commit;
                """.formatted(order));
    }

    void delete(UUID order) throws SQLException {
        run(SOURCE, """
                begin;
                delete from order_items where order_id = '%1$s';
                delete from orders where id = '%1$s';
                commit;
                """.formatted(order));
        topics.put(order, null);
    }

    void publish(UUID order) throws SQLException {
        publish("orders", "id = '%s'".formatted(order));
    }

    /** Publishes the current state of these rows of the source as events. */
    private void publish(String table, String which) throws SQLException {
        Table described = Objects.requireNonNull(TABLES.get(table));
        if (described.image().isEmpty()) {
            return;
        }
        String event = """
                select id, jsonb_build_object(
                               'op', 'r', 'before', null, 'after', jsonb_build_object('id', id, %s),
                               'source', jsonb_build_object('service', 'order-service', 'aggregate', '%s', 'version', version,
                                                            'eventType', 'Seen'),
                               'ts_ms', (extract(epoch from clock_timestamp()) * 1000)::bigint)
                  from %s t where %s
                """.formatted(described.image(), described.aggregate(), table, which);
        try (Statement statement = connection(SOURCE).createStatement();
                ResultSet row = statement.executeQuery(event)) {
            while (row.next()) {
                topics.sendOn(described.aggregate() + ".events", row.getObject(1, UUID.class), row.getString(2));
            }
        }
    }

    void replicate(String table, UUID id) throws SQLException {
        replicate(
                table,
                "%s = '%s'".formatted(Objects.requireNonNull(TABLES.get(table)).id(), id));
    }

    /** Sets these rows of one table of the replica to the current state of the source. */
    private void replicate(String table, String which) throws SQLException {
        String columns = Objects.requireNonNull(TABLES.get(table)).columns();
        String rows = text(
                SOURCE,
                "select coalesce(json_agg(r), '[]') from (select %s from %s where %s) r"
                        .formatted(columns, table, which));
        run(REPLICA, """
                begin;
                delete from %1$s where %2$s;
                insert into %1$s (%3$s) select %3$s from json_populate_recordset(null::%1$s, '%4$s');
                commit;
                """.formatted(
                        table, which, columns, Objects.requireNonNull(rows).replace("'", "''")));
    }

    /** Marks both routes as complete: the slots and the consumer groups have confirmed all commits of the source. */
    void carryAll() throws Exception {
        for (String slot : SLOTS) {
            run(SOURCE, "select pg_replication_slot_advance('%s', pg_current_wal_insert_lsn())".formatted(slot));
        }
        var ends = kafka.listOffsets(TABLES.keySet().stream()
                        .map(table -> new TopicPartition("cdc.public." + table, 0))
                        .collect(Collectors.toMap(partition -> partition, _ -> OffsetSpec.latest())))
                .all()
                .get();
        Map<TopicPartition, OffsetAndMetadata> read = new HashMap<>();
        ends.forEach((partition, end) -> read.put(partition, new OffsetAndMetadata(end.offset())));
        kafka.alterConsumerGroupOffsets(SINK, read).all().get();
    }

    void run(String database, String sql) throws SQLException {
        try (Statement statement = connection(database).createStatement()) {
            statement.execute(sql);
        }
    }

    @Nullable String text(String database, String sql) throws SQLException {
        try (Statement statement = connection(database).createStatement();
                ResultSet row = statement.executeQuery(sql)) {
            return row.next() ? row.getString(1) : null;
        }
    }

    private String jdbcUrl(String database) {
        return jdbcUrl.replaceFirst("/projection$", "/" + database);
    }

    private Connection connection(String database) throws SQLException {
        Map<String, Connection> own = connections.computeIfAbsent(Thread.currentThread(), _ -> new HashMap<>());
        Connection connection = own.get(database);
        if (connection == null) {
            connection = Database.of(jdbcUrl(database)).connect();
            own.put(database, connection);
        }
        return connection;
    }

    @Override
    public void close() throws SQLException {
        for (Map<String, Connection> each : connections.values()) {
            for (Connection connection : new ArrayList<>(each.values())) {
                connection.close();
            }
        }
        topics.close();
        kafka.close();
    }
}
