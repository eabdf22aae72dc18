package dev.afterimage.projection.view.order;

import static org.assertj.core.api.Assertions.assertThat;

import dev.afterimage.projection.change.Change;
import dev.afterimage.projection.change.Effect;
import dev.afterimage.projection.sql.RoundTrip;
import dev.afterimage.projection.sql.Sql;
import dev.afterimage.projection.view.Expected;
import dev.afterimage.projection.view.Histories;
import dev.afterimage.projection.view.Result;
import dev.afterimage.testing.TestSize;
import io.quarkus.test.junit.QuarkusTest;
import jakarta.inject.Inject;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.UUID;
import javax.sql.DataSource;
import org.junit.jupiter.api.Test;

@QuarkusTest
class OrderModelTest {

    @Inject
    DataSource dataSource;

    @Inject
    OrderModel model;

    @Test
    void theTablesHoldTheResultOfSingleChanges() throws SQLException {
        long seed = System.nanoTime();
        for (int run = 0; run < TestSize.of(50, 500); run++) {
            var histories = new Histories(new Random(seed + run), 4);
            List<Change> history = histories.changes(40);
            var expected = new Expected();
            for (List<Change> batch : histories.batches(history)) {
                List<Effect> effects = apply(batch);
                assertThat(effects)
                        .as("seed %d", seed + run)
                        .isEqualTo(batch.stream().map(expected::apply).toList());
            }
            Map<UUID, OrderImage> rows = new HashMap<>();
            Map<UUID, Long> deletions = new HashMap<>();
            try (Connection connection = dataSource.getConnection()) {
                var reads = new RoundTrip();
                model.lock(reads, histories.ids(), rows);
                reads.run(connection);
            }
            for (UUID id : histories.ids()) {
                long deleted = number("select coalesce(max(version), 0) from cdc_processed.deletions where id = ?", id);
                if (deleted > 0) {
                    deletions.put(id, deleted);
                }
                if (!rows.containsKey(id)) {
                    assertThat(number("select count(*) from cdc_processed.order_items where order_id = ?", id))
                            .as("items left behind, seed %d", seed + run)
                            .isZero();
                }
            }
            assertThat(rows).as("seed %d", seed + run).isEqualTo(expected.rows);
            assertThat(Expected.below(rows, deletions))
                    .as("seed %d", seed + run)
                    .isEqualTo(expected.remembered());
        }
    }

    /** Otherwise a backlog becomes slower with each row. Also while PostgreSQL knows only the time of small tables. */
    @Test
    void aBatchDoesNotReadWholeTables() throws SQLException {
        try (Connection connection = dataSource.getConnection()) {
            connection.setAutoCommit(false);
            Sql.run(connection, """
                    insert into cdc_processed.orders
                    select gen_random_uuid(), gen_random_uuid(), 'PAID', 'EUR', 1, now(), now(), 1, 'c', now(), now()
                      from generate_series(1, 20000)
                    """);
            Sql.run(connection, """
                    insert into cdc_processed.order_items
                    select id, line_no, gen_random_uuid(), 1, 1, 1, 'c', now(), now()
                      from cdc_processed.orders, generate_series(1, 2) as line_no
                        on conflict do nothing
                    """);
            Sql.run(connection, """
                    insert into cdc_processed.deletions
                    select 'order', gen_random_uuid(), 1, now(), now() from generate_series(1, 20000)
                    """);
            long scans = count(connection, "seq_scan");
            model.apply(connection, new Histories(new Random(), 200).changes(800));
            assertThat(count(connection, "seq_scan") - scans).as("scans").isZero();

            Sql.run(connection, "analyze cdc_processed.orders, cdc_processed.order_items, cdc_processed.deletions");
            long rows = count(connection, "seq_tup_read + idx_tup_fetch");
            model.apply(connection, new Histories(new Random(), 200).changes(800));
            assertThat(count(connection, "seq_tup_read + idx_tup_fetch") - rows)
                    .as("rows")
                    .isLessThan(10_000);
            connection.rollback();
        }
    }

    /** What this connection has done to the tables. */
    private static long count(Connection connection, String figure) throws SQLException {
        String of = " from pg_stat_xact_user_tables where schemaname = 'cdc_processed'";
        return Sql.first(connection, "select sum(" + figure + ")" + of, row -> row.getLong(1))
                .orElseThrow();
    }

    private List<Effect> apply(List<Change> batch) throws SQLException {
        try (Connection connection = dataSource.getConnection()) {
            connection.setAutoCommit(false);
            List<Effect> effects =
                    model.apply(connection, batch).stream().map(Result::effect).toList();
            connection.commit();
            return effects;
        }
    }

    private long number(String sql, UUID id) throws SQLException {
        try (var connection = dataSource.getConnection();
                var statement = connection.prepareStatement(sql)) {
            statement.setObject(1, id);
            try (var row = statement.executeQuery()) {
                row.next();
                return row.getLong(1);
            }
        }
    }
}
