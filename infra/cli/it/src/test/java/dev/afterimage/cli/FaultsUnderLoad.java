package dev.afterimage.cli;

import static dev.afterimage.cli.TestPipeline.LIMIT;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.afterimage.cli.TestPipeline.Run;
import dev.afterimage.cli.service.RestService;
import dev.afterimage.stack.StackException;
import dev.afterimage.testing.Database;
import dev.afterimage.testing.TestSize;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.UUID;
import org.junit.jupiter.api.AfterEach;

/**
 * Random operations go on while a test makes a fault. After the test everything that the clients were told is in the source, the
 * read model and the replica.
 */
abstract class FaultsUnderLoad {

    private static final int OPERATIONS = TestSize.of(200, 3_500);
    private static final List<String> TABLES = List.of("customers", "products", "orders");
    static final Map<String, String> SLOTS = Map.of("order-outbox", "order_outbox", "source-tables", "source_tables");

    final TestPipeline pipeline;
    final RestService orders;
    final RestService projection;
    final Database source;
    final Database replica;
    final Shoppers shoppers;
    private final Map<String, Set<String>> before = new HashMap<>();
    /** Placed by the test itself. */
    final List<String> placed = new ArrayList<>();

    private final int toldBefore;

    FaultsUnderLoad(TestPipeline pipeline) {
        this.pipeline = pipeline;
        this.orders = pipeline.orders();
        this.projection = pipeline.projection();
        this.source = pipeline.database("orders");
        this.replica = pipeline.database("replica");
        TABLES.forEach(table -> before.put(table, Set.copyOf(source.rows("select id from " + table))));
        this.toldBefore = pipeline.told().size();
        this.shoppers = new Shoppers(orders, OPERATIONS, 4711);
    }

    @AfterEach
    void allIsThereThatTheShoppersWereTold() throws Exception {
        try (shoppers) {
            assertThat(shoppers.end(Duration.ofMinutes(5))).isTrue();
        }
        System.out.printf("%d operations, %d requests were repeated%n", shoppers.begun(), shoppers.repeated());
        assertThat(shoppers.begun()).isGreaterThanOrEqualTo(OPERATIONS);
        assertThat(shoppers.wrong()).isEmpty();
        for (String table : TABLES) {
            List<String> ours = new ArrayList<>(source.rows("select id from " + table));
            ours.removeAll(Objects.requireNonNull(before.get(table)));
            ours.removeAll(placed);
            assertThat(ours).containsExactlyInAnyOrderElementsOf(shoppers.there(table));
        }
        assertThat(RestService.expect(200, projection.get("/dead-letters"))).isEmpty();
        Run audit = pipeline.run("audit");
        assertThat(audit.code()).as(audit.toString()).isZero();
    }

    /** By a client that repeats its request until it is answered. */
    String placed() {
        Map<String, String> key = Map.of("Idempotency-Key", UUID.randomUUID().toString());
        String id = await().atMost(LIMIT)
                .ignoreException(StackException.class)
                .until(
                        () -> RestService.expect(201, orders.send("POST", "/orders", pipeline.anOrder(), key))
                                .path("id")
                                .asText(),
                        _ -> true);
        placed.add(id);
        return id;
    }

    void delete(String order) {
        assertThat(orders.delete("/orders/" + order).status()).isEqualTo(204);
    }

    /** What is done now arrives on both ways. */
    void awaitFlow(String after) {
        long from = System.nanoTime();
        String id = placed();
        pipeline.awaitArrivalOf(id);
        double readModel = (System.nanoTime() - from) / 1e9;
        await().atMost(LIMIT)
                .until(() -> replica.rows("select id from orders where id = '" + id + "'")
                                .size()
                        == 1);
        System.out.printf(
                "after %s an order is in the read model in %.1f s, in the replica in %.1f s%n",
                after, readModel, (System.nanoTime() - from) / 1e9);
    }

    void awaitShoppers(int operations) {
        int due = shoppers.begun() + operations;
        await().atMost(LIMIT).until(() -> shoppers.begun() >= due);
    }

    void awaitTold(String line) {
        await().atMost(LIMIT)
                .until(() -> pipeline.told().stream().skip(toldBefore).anyMatch(each -> each.matches("(?s)" + line)));
    }

    void terminateReaderOf(String slot) {
        source.execute("select pg_terminate_backend(active_pid, 5000) from pg_replication_slots where slot_name = '"
                + slot + "'");
    }
}
