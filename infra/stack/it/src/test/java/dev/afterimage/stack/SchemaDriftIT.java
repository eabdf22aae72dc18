package dev.afterimage.stack;

import static dev.afterimage.stack.Replication.CUSTOMER;
import static dev.afterimage.stack.Replication.LIMIT;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Tests each row of "When a source table changes" in connectors/README.md, while rows of the old schema are still in
 * flight.
 */
class SchemaDriftIT {

    private static final Queue<String> told = new ConcurrentLinkedQueue<>();
    private static Replication shop;
    private static Supervisor supervisor;

    @BeforeAll
    static void start() {
        shop = Replication.shared();
        supervisor = new Supervisor(told::add, told::add);
        supervisor.watch(shop.connectors(), "replica-sink");
        supervisor.watch(shop.connectors(), "source-tables");
    }

    @AfterAll
    static void stopWatching() {
        supervisor.close();
    }

    @BeforeEach
    void forget() {
        told.clear();
    }

    /** After each test: the next change is replicated, the tables have the same rows, and there is no dead letter. */
    @AfterEach
    void nothingIsLost() {
        shop.source("update customers set version = version + 1 where id = '" + CUSTOMER + "'");
        shop.awaitSame("select id, version from customers where id = '" + CUSTOMER + "'");
        shop.awaitSame("select id, sku, name, trim_scale(price), version from products order by id");
        assertThat(shop.records("replica-sink.dlq", "0199f2a4-1")).isEmpty();
    }

    /**
     * Executes the SQL while both connectors are halted, so that they see none of it before all of it has happened. A
     * paused Debezium still reads the log.
     */
    private static void unseen(String sql) throws IOException {
        shop.connectors().pause("replica-sink");
        shop.connectors().stop("source-tables");
        shop.source(sql);
        shop.connectors().resume("source-tables");
        shop.connectors().resume("replica-sink");
    }

    private static String product(String id, String sku) {
        return "insert into products (id, sku, name, price, created_at, updated_at, version) values ('%s', '%s', 'x', 1.00, now(), now(), 1);"
                .formatted(id, sku);
    }

    @Test
    void anAddedColumnIsAddedToTheReplicaWithItsDefault() throws Exception {
        String untouched = "0199f2a4-1000-7000-8000-0000000000a1";
        String before = "0199f2a4-1000-7000-8000-0000000000a2";
        String after = "0199f2a4-1000-7000-8000-0000000000a3";
        shop.source(product(untouched, "untouched"));
        shop.awaitSame("select id from products where id = '" + untouched + "'");
        unseen(product(before, "before adding")
                + "alter table products add color text, add rank integer not null default 7;"
                + product(after, "after adding") + "update products set color = 'red', rank = 3 where id = '" + after
                + "'");
        shop.awaitSame("select id, color, rank from products where id in ('%s', '%s', '%s') order by id"
                .formatted(untouched, before, after));
        assertThat(told).isEmpty();
    }

    @Test
    void aDroppedColumnStaysInTheReplicaWithItsLastValues() throws Exception {
        String before = "0199f2a4-1000-7000-8000-0000000000b1";
        String after = "0199f2a4-1000-7000-8000-0000000000b2";
        shop.source("alter table products add legacy text;" + product(before, "before dropping")
                + "update products set legacy = 'early' where id = '" + before + "'");
        shop.awaitSame("select id, legacy from products where id = '" + before + "'");
        unseen("update products set legacy = 'late' where id = '" + before + "'; alter table products drop legacy;"
                + product(after, "after dropping"));
        shop.awaitReplica(
                "select legacy from products where id in ('%s', '%s') order by id".formatted(before, after),
                "late",
                "null");
        assertThat(told).isEmpty();
    }

    @Test
    void aRenamedColumnIsANewOneWhichTheRowsFillAsTheyAreWritten() throws Exception {
        String before = "0199f2a4-1000-7000-8000-0000000000c1";
        String after = "0199f2a4-1000-7000-8000-0000000000c2";
        shop.source("alter table products add label text;" + product(before, "before renaming")
                + "update products set label = 'early' where id = '" + before + "'");
        shop.awaitSame("select id, label from products where id = '" + before + "'");
        unseen("update products set label = 'late' where id = '" + before + "';"
                + "alter table products rename label to title;" + product(after, "after renaming")
                + "update products set title = 'new' where id = '" + after + "'");
        shop.awaitReplica(
                "select label, title from products where id in ('%s', '%s') order by id".formatted(before, after),
                "late | null",
                "null | new");
        assertThat(told).isEmpty();

        shop.source("update products set title = title where id = '" + before + "'");
        shop.awaitSame("select id, title from products where id in ('%s', '%s') order by id".formatted(before, after));
    }

    @Test
    void aDecimalOfAnotherScaleIsNotRounded() throws Exception {
        String before = "0199f2a4-1000-7000-8000-0000000000d1";
        String after = "0199f2a4-1000-7000-8000-0000000000d2";
        unseen(product(before, "before rescaling") + "alter table products alter price type numeric(20, 8);"
                + product(after, "after rescaling")
                + "update products set price = 123456789012.12345678 where id = '" + after + "'");
        shop.awaitReplica(
                "select price from products where id in ('%s', '%s') order by id".formatted(before, after),
                "1.00",
                "123456789012.12345678");
        assertThat(told).isEmpty();
    }

    @Test
    void aValueThatDoesNotFitTheReplicasTypeStopsTheSinkAndSaysSoUntilTheTypeIsChanged() throws Exception {
        String before = "0199f2a4-1000-7000-8000-0000000000e1";
        String after = "0199f2a4-1000-7000-8000-0000000000e2";
        shop.source("alter table products add stock integer;" + product(before, "before retyping")
                + "update products set stock = 1 where id = '" + before + "'");
        shop.awaitSame("select id, stock from products where id = '" + before + "'");
        unseen("update products set stock = 2 where id = '" + before
                + "'; alter table products alter stock type bigint;" + product(after, "after retyping")
                + "update products set stock = 3000000000 where id = '" + after + "'");
        await().atMost(LIMIT).untilAsserted(() -> assertThat(told).anySatisfy(line -> assertThat(line)
                .startsWith("connector replica-sink failed; restarting it: ")
                .endsWith("Failed to flush records for table 'products': ERROR: integer out of range")));

        shop.replica("alter table products alter stock type bigint");
        shop.awaitSame("select id, stock from products where id in ('%s', '%s') order by id".formatted(before, after));
    }

    @Test
    void aColumnMadeNotNullFlowsWithTheNullsThatCameBefore() throws Exception {
        shop.source("alter table products add slogan text;" + product("0199f2a4-1000-7000-8000-0000000000f0", "known"));
        shop.awaitSame("select id, slogan from products order by id");
        unseen(product("0199f2a4-1000-7000-8000-0000000000f1", "before requiring")
                + "update products set slogan = 'none'; alter table products alter slogan set not null");
        shop.awaitSame("select id, slogan from products order by id");
        shop.source("alter table products alter slogan drop not null");
        assertThat(told).isEmpty();
    }

    @Test
    void aRequiredColumnWithoutDefaultStopsTheSinkAndSaysSoUntilTheReplicaHasIt() throws Exception {
        shop.source("alter table products add motto text");
        unseen(product("0199f2a4-1000-7000-8000-000000000101", "without motto")
                + "update products set motto = 'none'; alter table products alter motto set not null");
        await().atMost(LIMIT).untilAsserted(() -> assertThat(told).anySatisfy(line -> assertThat(line)
                .startsWith("connector replica-sink failed; restarting it: ")
                .endsWith("Cannot ALTER table 'products' because field 'motto' is not optional"
                        + " but has no default value")));

        shop.replica("alter table products add motto text");
        shop.awaitSame("select id, motto from products order by id");
        shop.source("alter table products alter motto drop not null");
    }

    @Test
    void aValueThatDebeziumCannotConvertStopsTheCaptureInsteadOfBeingLeftOut(@TempDir Path folder) throws Exception {
        String id = "0199f2a4-1000-7000-8000-000000000111";
        shop.source("create type size as enum ('S', 'L'); alter table products add sizes size[];" + product(id, "sizes")
                + "update products set sizes = '{S,NULL}' where id = '" + id + "'");
        await().atMost(LIMIT).untilAsserted(() -> assertThat(told).anySatisfy(line -> assertThat(line)
                .startsWith("connector source-tables failed; restarting it: ")
                .contains("sizes")));

        Path original = Connectors.folder().resolve("source-tables.json");
        Path without = folder.resolve("source-tables.json");
        var json = new ObjectMapper();
        ObjectNode connector = json.readValue(original.toFile(), ObjectNode.class);
        json.writeValue(without.toFile(), connector.put("column.exclude.list", "public.products.sizes"));
        shop.connectors().apply(without);
        // a later change has arrived, so the connector has passed the value
        shop.source(product("0199f2a4-1000-7000-8000-000000000112", "later") + "alter table products drop sizes");
        shop.awaitSame("select id, sku from products order by id");
        shop.connectors().apply(original);
    }
}
