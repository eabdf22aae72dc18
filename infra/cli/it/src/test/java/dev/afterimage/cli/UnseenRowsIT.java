package dev.afterimage.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.afterimage.stack.Connectors;
import dev.afterimage.testing.Database;
import dev.afterimage.testing.TestSize;
import java.nio.file.Files;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** Tests {@code delete_unseen_since} of the replica, in a separate replica database. */
@ExtendWith(TestPipeline.Shared.class)
class UnseenRowsIT {

    private static final int RUNS = TestSize.of(10, 50);
    private static final int ROWS = 300;
    private static final List<String> TABLES = List.of("customers", "products", "orders", "order_items");

    private final Database postgres;
    private final Database replica;

    UnseenRowsIT(TestPipeline pipeline) {
        this.postgres = pipeline.database("postgres");
        this.replica = pipeline.database("unseen_rows");
    }

    @BeforeEach
    void makeReplica() throws Exception {
        postgres.execute("create database unseen_rows");
        replica.execute(Files.readString(Connectors.folder().resolve("replica.sql")));
    }

    @AfterEach
    void dropReplica() {
        postgres.execute("drop database unseen_rows with (force)");
    }

    @Test
    void rowsThatASnapshotDidNotBringAreDeletedAndNoOthers() {
        TABLES.forEach(table -> replica.execute(upsert(table, 1), upsert(table, 2)));
        String snapshot = replica.value("select clock_timestamp()");
        TABLES.forEach(table -> replica.execute(upsert(table, 2), upsert(table, 3)));

        assertThat(replica.number("select delete_unseen_since('" + snapshot + "')"))
                .isEqualTo(4);
        TABLES.forEach(table -> assertThat(replica.rows("select " + key(table) + " from " + table + " order by 1"))
                .containsExactly(id(2), id(3)));
        assertThat(replica.number("select delete_unseen_since('" + snapshot + "')"))
                .isZero();
    }

    @Test
    void twoDeletionsAtOnceBesideWritersInAnyOrderNeverFailNorDeadlock() throws Exception {
        var enough = new AtomicBoolean();
        var written = new AtomicInteger();
        try (var threads = Executors.newFixedThreadPool(3)) {
            Future<?> writer = threads.submit(() -> write(enough, written));
            Callable<Long> cleaner = () -> {
                long deleted = 0;
                for (int run = 0; run < RUNS; run++) {
                    int next = written.get() + 1;
                    while (written.get() < next && !writer.isDone()) {
                        Thread.onSpinWait();
                    }
                    deleted += replica.number("select delete_unseen_since(clock_timestamp())");
                }
                return deleted;
            };
            try {
                List<Future<Long>> deleted = List.of(threads.submit(cleaner), threads.submit(cleaner));
                assertThat(deleted.get(0).get() + deleted.get(1).get()).isPositive();
            } finally {
                enough.set(true);
            }
            writer.get();
        }
        String rest = replica.value("select sum(rows) from sync_summary");
        assertThat(replica.value("select delete_unseen_since(clock_timestamp())"))
                .isEqualTo(rest);
    }

    /** Writes as the sink does, but several tables in one transaction, with their rows in any order. */
    private Void write(AtomicBoolean enough, AtomicInteger written) throws SQLException {
        var random = new Random(4711);
        List<String> upserts = new ArrayList<>();
        for (int row = 0; row < ROWS; row++) {
            upserts.add(upsert(TABLES.get(row % TABLES.size()), row));
        }
        try (Connection connection = replica.connect();
                Statement statement = connection.createStatement()) {
            connection.setAutoCommit(false);
            while (!enough.get()) {
                Collections.shuffle(upserts, random);
                for (String upsert : upserts) {
                    statement.execute(upsert);
                }
                connection.commit();
                written.incrementAndGet();
            }
        }
        return null;
    }

    private static String upsert(String table, int row) {
        return table.equals("order_items")
                ? "insert into order_items (order_id, position) values ('%s', 1) on conflict (order_id, position) do update set quantity = 1"
                        .formatted(id(row))
                : "insert into %s (id) values ('%s') on conflict (id) do update set version = 1"
                        .formatted(table, id(row));
    }

    private static String key(String table) {
        return table.equals("order_items") ? "order_id" : "id";
    }

    private static String id(int row) {
        return "00000000-0000-0000-0000-%012d".formatted(row);
    }
}
