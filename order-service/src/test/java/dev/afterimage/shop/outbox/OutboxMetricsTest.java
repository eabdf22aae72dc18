package dev.afterimage.shop.outbox;

import static dev.afterimage.shop.Shop.changeStatus;
import static dev.afterimage.shop.Shop.get;
import static dev.afterimage.shop.Shop.order;
import static io.restassured.RestAssured.given;
import static org.assertj.core.api.Assertions.assertThat;
import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.not;

import dev.afterimage.shop.order.OrderCommands;
import dev.afterimage.shop.order.OrderStatus;
import dev.afterimage.shop.web.Preconditions;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.quarkus.narayana.jta.QuarkusTransaction;
import io.quarkus.test.junit.QuarkusTest;
import jakarta.inject.Inject;
import jakarta.transaction.TransactionSynchronizationRegistry;
import java.sql.SQLException;
import java.util.List;
import java.util.UUID;
import javax.sql.DataSource;
import org.junit.jupiter.api.Test;
import org.postgresql.ds.PGSimpleDataSource;

@QuarkusTest
class OutboxMetricsTest {

    @Inject
    MeterRegistry registry;

    @Inject
    OrderCommands commands;

    @Inject
    TransactionSynchronizationRegistry transactions;

    @Inject
    DataSource orders;

    private final OutboxConfig config = SlotConfig.of("unread");

    @Test
    void countsRowsAndTransactionsThatCommitted() {
        var id = order();
        var committed = transactions("committed");
        var rolledBack = transactions("rolled_back");
        var changed = rows("OrderStatusChanged");
        var deleted = rows("OrderDeleted");

        changeStatus(id, "PAID").then().statusCode(200);
        changeStatus(id, "DELIVERED").then().statusCode(409);
        given().delete("/orders/" + id).then().statusCode(204);

        assertThat(rows("OrderStatusChanged")).isEqualTo(changed + 1);
        assertThat(rows("OrderDeleted")).as("with the tombstone").isEqualTo(deleted + 2);
        assertThat(transactions("committed")).isEqualTo(committed + 2);
        assertThat(transactions("rolled_back")).isEqualTo(rolledBack + 1);
        get("/q/metrics")
                .body(containsString("orders_outbox_rows_total{aggregate_type=\"order\",event_type=\"OrderDeleted\"}"))
                .body(containsString("orders_transaction_seconds_bucket{outcome=\"committed\",le=\"0.01\"}"))
                .body(containsString("uri=\"/orders/{id}\""))
                .body(not(containsString(id)));
    }

    @Test
    void countsNoRowThatWasRolledBack() {
        var id = UUID.fromString(order());
        var before = rows("OrderStatusChanged");

        QuarkusTransaction.begin();
        commands.changeStatus(id, OrderStatus.PAID, new Preconditions(List.of(), List.of()));
        QuarkusTransaction.rollback();

        assertThat(rows("OrderStatusChanged")).isEqualTo(before);
    }

    @Test
    void tellsHowMuchLogTheSlotKeepsAndWhetherItIsRead() throws Throwable {
        Wal.withSlot("unread", () -> {
            var registry = gauges(orders);
            assertThat(registry.get("orders.outbox.retained.wal").gauge().value())
                    .isPositive();
            assertThat(registry.get("orders.outbox.slot.active").gauge().value())
                    .isZero();
        });
        get("/q/metrics")
                .body(containsString("orders_outbox_retained_wal_bytes"))
                .body(containsString("orders_outbox_slot_active"))
                .body(containsString("orders_slot_unconfirmed_age_seconds{slot=\"order_outbox\"}"));
    }

    @Test
    void reportsTheWorstStateOfTheShardsAndCountsSlotsWithoutAReader() throws Throwable {
        Wal.withSlot("unread", () -> {
            var slot = new ReplicationSlot(orders, config);
            assertThat(slot.state("unread,shard")).isEmpty();
            Wal.withSlot("shard", () -> {
                assertThat(slot.state("unread,shard")).get().satisfies(both -> {
                    assertThat(both.walStatus()).isEqualTo("reserved");
                    assertThat(both.active()).isFalse();
                    assertThat(both.retainedWalBytes()).isPositive();
                });
                var registry = gauges(orders);
                assertThat(registry.get("orders.other.slots.inactive").gauge().value())
                        .isEqualTo(1);
                assertThat(registry.get("orders.other.slots.retained.wal")
                                .gauge()
                                .value())
                        .isPositive();
            });
        });
    }

    @Test
    void tellsNothingOfTheSlotWhileTheDatabaseIsAway() {
        var nobody = new PGSimpleDataSource();
        nobody.setPortNumbers(new int[] {1});
        var registry = gauges(nobody);

        assertThat(registry.get("orders.outbox.retained.wal").gauge().value()).isNaN();
        assertThat(registry.get("orders.outbox.slot.active").gauge().value()).isNaN();
        assertThat(registry.get("orders.outbox.lingering").gauge().value()).isNaN();
    }

    @Test
    void tellsHowManyRowsStayInTheOutbox() throws SQLException {
        var before = gauges(orders).get("orders.outbox.lingering").gauge().value();
        try (var connection = orders.getConnection();
                var statement = connection.createStatement()) {
            statement.execute("""
                    insert into outbox (id, aggregate_type, aggregate_id, type, created_at)
                    values (gen_random_uuid(), 'order', gen_random_uuid(), 'OrderDeleted', now())
                    """);
            assertThat(gauges(orders).get("orders.outbox.lingering").gauge().value())
                    .isEqualTo(before + 1);
            statement.execute("delete from outbox");
        }
        get("/q/metrics").body(containsString("orders_outbox_lingering_rows 0.0"));
    }

    private MeterRegistry gauges(DataSource database) {
        var registry = new SimpleMeterRegistry();
        var slot = new ReplicationSlot(database, config);
        new OutboxMetrics(registry, transactions, slot).bindTo(registry);
        return registry;
    }

    private double rows(String eventType) {
        return registry.counter("orders.outbox.rows", "aggregate_type", "order", "event_type", eventType)
                .count();
    }

    private long transactions(String outcome) {
        return registry.timer("orders.transaction", "outcome", outcome).count();
    }
}
