package dev.afterimage.stack;

import static dev.afterimage.stack.Replication.BYSTANDER;
import static dev.afterimage.stack.Replication.CUSTOMER;
import static dev.afterimage.stack.Replication.LIMIT;
import static dev.afterimage.stack.Replication.change;
import static dev.afterimage.stack.Replication.header;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.StringSerializer;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The connectors source-tables and replica-sink on a real worker; they alone write the replica. */
class ReplicaIT {

    private static Replication shop;

    @BeforeAll
    static void start() {
        shop = Replication.shared();
    }

    @Test
    void aConnectorThatWasPausedGoesOnWhenItIsAppliedAgain() throws Exception {
        shop.connectors().pause("replica-sink");
        shop.connectors().apply(Connectors.folder().resolve("replica-sink.json"));
        assertThat(shop.states("replica-sink")).containsOnly("RUNNING");
    }

    @Test
    void whatWasThereBeforeArrivesAsSnapshot() {
        String row =
                "select id, name, email, created_at, updated_at, version from customers where id = '" + BYSTANDER + "'";
        shop.awaitSame(row);
        shop.awaitReplica("select __cdc_operation from customers where id = '" + BYSTANDER + "'", "r");
        assertThat(shop.records("cdc.public.customers", BYSTANDER)).first().satisfies(record -> assertThat(
                        change(record).path("op").asText())
                .isEqualTo("r"));
    }

    @Test
    void anOrdersLifeIsReplicatedAndOnRecordWithBeforeAndAfter() {
        String product = "0199f2a4-0000-7000-8000-0000000000a1";
        String order = "0199f2a4-0000-7000-8000-0000000000b1";
        shop.newProduct(product, "life");
        shop.source("""
                insert into orders values ('%1$s', '%2$s', 'PENDING', 'EUR', 25.00, now(), now(), 1);
                insert into order_items values ('%1$s', 0, '%3$s', 1, 12.50, 12.50), ('%1$s', 1, '%3$s', 1, 12.50, 12.50)
                """.formatted(order, CUSTOMER, product));
        String orders =
                "select id, customer_id, status, currency, total, created_at, updated_at, version from orders where id = '"
                        + order + "'";
        String items = "select order_id, position, product_id, quantity, unit_price, line_total from order_items"
                + " where order_id = '" + order + "' order by position";
        shop.awaitSame(orders);
        shop.awaitSame(items);
        shop.awaitReplica("select __cdc_operation from orders where id = '" + order + "'", "c");

        // one transaction rewrites the items: a delete and an insert of the same key, and a change of a key
        shop.source("""
                begin;
                update orders set status = 'PAID', version = 2 where id = '%1$s';
                delete from order_items where order_id = '%1$s' and position = 0;
                insert into order_items values ('%1$s', 0, '%2$s', 2, 12.50, 25.00);
                update order_items set position = 7 where order_id = '%1$s' and position = 1;
                commit
                """.formatted(order, product));
        shop.awaitSame(orders);
        shop.awaitSame(items);
        shop.awaitReplica(
                "select __cdc_operation, __synced_at >= __cdc_timestamp, __cdc_timestamp > now() - interval '1 minute'"
                        + " from orders where id = '" + order + "'",
                "u | t | t");

        shop.source("delete from order_items where order_id = '%1$s'; delete from orders where id = '%1$s'"
                .formatted(order));
        shop.awaitReplica("select 1 from orders where id = '" + order + "'");
        shop.awaitReplica("select 1 from order_items where order_id = '" + order + "'");

        List<ConsumerRecord<String, String>> life = shop.records("cdc.public.orders", order);
        assertThat(life).hasSize(4);
        assertThat(life.subList(0, 3))
                .extracting(record -> change(record).path("op").asText())
                .containsExactly("c", "u", "d");
        assertThat(change(life.get(1)).path("before"))
                .isEqualTo(change(life.get(0)).path("after"));
        assertThat(change(life.get(2)).path("before"))
                .isEqualTo(change(life.get(1)).path("after"));
        assertThat(change(life.get(1)).at("/after/total").isTextual())
                .as("decimals are text")
                .isTrue();
        assertThat(life.get(3).value()).as("a tombstone").isNull();
    }

    @Test
    void awkwardValuesOfTheShopsOwnTypesArriveUnchanged() {
        // order-service refuses such times, but another source may have them
        shop.source("alter table products drop constraint products_times_check");
        shop.source("""
                insert into products (id, sku, name, price, created_at, updated_at, version) values
                    ('00000000-0000-0000-0000-000000000000', E'a''b\\\\c"d', E'näme \\n😀 \\u0001', 0.00, '-infinity', 'infinity', 1),
                    ('ffffffff-ffff-ffff-ffff-ffffffffffff', ' ', '__debezium_unavailable_value', 9999999999.99,
                        '0001-01-01 00:00:00.000001Z', '4713-01-01 00:00:00Z BC', 9223372036854775807),
                    ('0199f2a4-0000-7000-8000-0000000000c1', 'null', 'NULL', 0.01,
                        '1899-12-31 23:59:59.999999+14', '294276-12-31 23:59:59.999999Z', 1)
                """);
        shop.awaitSame("""
                select id, sku, name, price, created_at, updated_at, version from products
                where id in ('00000000-0000-0000-0000-000000000000', 'ffffffff-ffff-ffff-ffff-ffffffffffff',
                             '0199f2a4-0000-7000-8000-0000000000c1')
                order by id
                """);
    }

    @Test
    void newColumnsOfAwkwardTypesAreMadeAndFilled() {
        String id = "0199f2a4-0000-7000-8000-0000000000d1";
        shop.newProduct(id, "types");
        shop.awaitSame("select id, sku from products where id = '" + id + "'");
        // an operator who wants another type than text for an enum, a decimal or an interval creates the column first
        shop.replica("""
                create type mood as enum ('glad', 'sad');
                alter table products add kind mood, add weight numeric, add span interval
                """);
        shop.source("""
                create type mood as enum ('glad', 'sad');
                alter table products
                    add kind mood default 'sad', add weight numeric, add exact numeric,
                    add attributes jsonb, add plain json, add tags text[], add numbers int[], add ids uuid[], add amounts numeric[],
                    add at timestamp, add day date, add tod time, add bytes bytea, add note text default 'none',
                    add flag boolean not null default true, add span interval
                """);
        shop.source("""
                update products set
                    kind = 'glad', weight = 1e-30, exact = 123456789012345678901234567890.000000000000000000000000000001,
                    attributes = jsonb_build_object('n', 1.10, 'deep', '[1, null, {"ü": "😀"}]'::jsonb, 'big',
                        (select string_agg(gen_random_uuid()::text, '') from generate_series(1, 300))),
                    plain = '{"b": 1,  "a": null}', tags = '{a,NULL,"q\\"uo,te",😀,""}', numbers = '{1,NULL,-2147483648}',
                    ids = '{}', amounts = '{1.10,NULL}', at = '0001-01-01 00:00:00.000001', day = '9999-12-31',
                    tod = '23:59:59.999999', bytes = '\\x00ff', note = null, flag = false,
                    span = '1 mon 2 days 03:04:05.000006'
                where id = '%s'
                """.formatted(id));
        // named columns, because "select *" has another order in the replica
        String row = """
                select id, kind, weight, exact, md5(attributes::text), plain, tags, numbers, ids, amounts, at, day, tod, bytes,
                    note, flag, span, name from products where id = '%s'
                """.formatted(id);
        shop.awaitSame(row);
        // PostgreSQL does not send a long value that did not change; the replica must keep the value
        shop.source("update products set name = 'another', numbers = '{}' where id = '" + id + "'");
        shop.awaitSame(row);
        assertThat(shop.replicaRows("""
                select column_name, udt_name from information_schema.columns
                where table_name = 'products' and column_name in ('kind', 'weight', 'exact', 'attributes', 'tags', 'ids')
                order by column_name
                """))
                .containsExactly(
                        "attributes | jsonb",
                        "exact | text",
                        "ids | _uuid",
                        "kind | mood",
                        "tags | _text",
                        "weight | numeric");
    }

    @Test
    void theConnectorsRolesMayDoNoMoreThanTheyMust() throws Exception {
        try (Connection tables = shop.connect("orders", "debezium_tables")) {
            assertThat(tables.createStatement()
                            .executeQuery("select from orders limit 1")
                            .getMetaData())
                    .isNotNull();
            for (String forbidden : List.of(
                    "select from outbox",
                    "select from idempotency_keys",
                    "delete from orders",
                    "create table mine (id int)")) {
                assertThatThrownBy(() -> tables.createStatement().execute(forbidden))
                        .as(forbidden)
                        .hasMessageContaining("permission denied");
            }
        }
        for (String database : List.of("replica", "projection")) {
            assertThatThrownBy(() -> shop.connect(database, "debezium_tables"))
                    .as(database)
                    .hasMessageContaining("permission denied");
        }
        for (String database : List.of("orders", "projection")) {
            assertThatThrownBy(() -> shop.connect(database, "replica"))
                    .as(database)
                    .hasMessageContaining("permission denied");
        }
    }

    @Test
    void theSlotMovesWhileOnlyOtherTablesAreBusy() {
        shop.source("""
                insert into idempotency_keys (caller, key, fingerprint, created_at)
                select 'busy', n::text, '\\x00', now() from generate_series(1, 1000) as n
                """);
        String written = shop.sourceRows("select pg_current_wal_lsn()").getFirst();
        await().atMost(LIMIT).until(() -> shop.sourceRows(
                        "select confirmed_flush_lsn >= '%s' from pg_replication_slots where slot_name = 'source_tables'"
                                .formatted(written))
                .contains("t"));
    }

    @Test
    void aRecordThatCannotBeReadGoesToTheDeadLettersAndTheNextIsApplied() throws Exception {
        String id = "0199f2a4-0000-7000-8000-0000000000e1";
        try (KafkaProducer<String, String> producer = new KafkaProducer<>(
                Map.of("bootstrap.servers", shop.bootstrapServers()), new StringSerializer(), new StringSerializer())) {
            producer.send(new ProducerRecord<>("cdc.public.products", "\"unreadable\"", "{ this is no JSON"))
                    .get();
        }
        shop.newProduct(id, "next");
        shop.awaitSame("select id, sku from products where id = '" + id + "'");
        await().atMost(LIMIT).untilAsserted(() -> assertThat(shop.records("replica-sink.dlq", "unreadable"))
                .singleElement()
                .satisfies(letter -> {
                    assertThat(letter.value()).isEqualTo("{ this is no JSON");
                    assertThat(header(letter, "__connect.errors.topic")).isEqualTo("cdc.public.products");
                    assertThat(header(letter, "__connect.errors.exception.message"))
                            .contains("JsonConverter");
                }));
    }

    @Test
    void syncSummaryTellsHowFarEachTableIs() {
        shop.awaitReplica(
                "select table_name from sync_summary where table_name = 'customers' and rows > 0"
                        + " and from_snapshot + created + updated = rows and lag > interval '0'",
                "customers");
    }

    @Test
    void aWrongConnectorIsRefusedWithEachWrongSettingNamed(@TempDir Path folder) throws Exception {
        Path file = Files.writeString(folder.resolve("wrong.json"), """
                {
                  "connector.class": "io.debezium.connector.jdbc.JdbcSinkConnector",
                  "topics": "cdc.public.orders",
                  "batch.size": "many",
                  "transforms": "row",
                  "transforms.row.type": "no.such.Transformation"
                }
                """);
        assertThatThrownBy(() -> shop.connectors().apply(file))
                .isInstanceOf(StackException.class)
                .hasMessageStartingWith("Connector wrong is configured wrongly: ")
                .hasMessageContaining("batch.size: Invalid value many")
                .hasMessageContaining("transforms.row.type: Invalid value no.such.Transformation");
        Files.writeString(file, "{\"connector.class\": \"no.such.Connector\", \"topics\": \"a\"}");
        assertThatThrownBy(() -> shop.connectors().apply(file))
                .isInstanceOf(StackException.class)
                .hasMessageContaining("no connector.class \"no.such.Connector\"")
                .hasMessageContaining("JdbcSinkConnector");
        Files.writeString(file, "{ no JSON");
        assertThatThrownBy(() -> shop.connectors().apply(file))
                .isInstanceOf(StackException.class)
                .hasMessageStartingWith("wrong.json is no JSON object");
        assertThat(shop.connectors().status("wrong")).isEmpty();
        for (String good : List.of("order-outbox", "source-tables", "replica-sink")) {
            assertThat(shop.connectors().validate(Connectors.folder().resolve(good + ".json")))
                    .isEmpty();
        }
    }
}
