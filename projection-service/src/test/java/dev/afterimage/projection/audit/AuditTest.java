package dev.afterimage.projection.audit;

import static io.restassured.RestAssured.given;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.hamcrest.Matchers.contains;
import static org.hamcrest.Matchers.equalTo;

import dev.afterimage.testing.TestSize;
import io.quarkus.test.junit.QuarkusTest;
import io.restassured.path.json.JsonPath;
import jakarta.inject.Inject;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.UUID;
import java.util.concurrent.DelayQueue;
import java.util.concurrent.Delayed;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.eclipse.microprofile.config.inject.ConfigProperty;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

@QuarkusTest
class AuditTest {

    private static final Duration SOON = Duration.ofSeconds(30);
    private static final int ORDERS = 130; // several ranges of 50

    @Inject
    @ConfigProperty(name = "quarkus.datasource.jdbc.url")
    String jdbcUrl;

    @Inject
    @ConfigProperty(name = "kafka.bootstrap.servers")
    String bootstrapServers;

    private final List<UUID> orders = new ArrayList<>();
    private Shop shop;

    @BeforeEach
    void fill() throws Exception {
        shop = new Shop(jdbcUrl, bootstrapServers);
        // waits until the events of order-service's tests, in the same build, are applied
        await().atMost(SOON).untilAsserted(() -> given().get("/stats")
                .then()
                .body("feed.state", equalTo("FOLLOWING"))
                .body("feed.lag", equalTo(0)));
        shop.drop();
        orders.addAll(shop.open(ORDERS));
        await().atMost(SOON).until(() -> Integer.toString(ORDERS + 2).equals(shop.text("projection", """
                                select (select count(*) from cdc_processed.orders)
                                       + (select count(*) from cdc_processed.customers)
                                       + (select count(*) from cdc_processed.products)
                                """)));
    }

    @AfterEach
    void drop() throws SQLException {
        shop.drop();
        shop.close();
    }

    @Test
    void findsEqualRowsWithTheSameCountsAndHashes() {
        JsonPath audit = audit();

        assertThat(audit.getString("report.verdict")).isEqualTo("EQUAL");
        assertThat(audit.getList("report.sides.state")).containsExactly("READ", "READ", "READ");
        List<Map<String, Object>> comparisons = audit.getList("report.comparisons");
        assertThat(comparisons).hasSize(8).allSatisfy(each -> {
            int rows = Map.of("orders", ORDERS, "order_items", 2 * ORDERS).getOrDefault(each.get("table"), 1);
            assertThat(each).containsEntry("sourceRows", rows).containsEntry("followerRows", rows);
            assertThat(each.get("sourceHash")).isEqualTo(each.get("followerHash"));
        });
        assertThat(audit.getList("report.differences")).isEmpty();
    }

    /**
     * A wrong value that the test writes into one cell.
     *
     * @param side the side with the wrong value
     * @param right the value on the other sides
     */
    private record Planted(Side side, String table, UUID id, String column, String value, String right) {

        void into(Shop shop) throws SQLException {
            boolean readModel = side == Side.READ_MODEL;
            String where = !table.equals("order_items")
                    ? "id = '%s'"
                    : readModel ? "order_id = '%s' and line_no = 1" : "order_id = '%s' and position = 0";
            shop.run(
                    side == Side.SOURCE ? Shop.SOURCE : readModel ? "projection" : Shop.REPLICA,
                    "update %s%s set %s = '%s' where "
                                    .formatted(readModel ? "cdc_processed." : "", table, column, value)
                            + where.formatted(id));
        }

        void isReportedIn(Map<String, Object> cell) {
            assertThat(cell)
                    .containsEntry("column", column)
                    .containsEntry("line", table.equals("order_items") ? 0 : null)
                    .containsEntry("source", side == Side.SOURCE ? value : right)
                    .containsEntry("readModel", side == Side.READ_MODEL ? value : right)
                    .containsEntry("replica", side == Side.REPLICA ? value : right)
                    .containsEntry(
                            "followers",
                            side == Side.SOURCE ? List.of("read-model", "replica") : List.of(side.label()));
        }
    }

    @Test
    void namesEachCellThatIsDifferent() throws Exception {
        List<Planted> planted = List.of(
                new Planted(Side.SOURCE, "orders", orders.get(3), "status", "CANCELLED", "PENDING"),
                new Planted(Side.SOURCE, "order_items", orders.get(4), "unit_price", "29.91", "29.9"),
                new Planted(Side.READ_MODEL, "orders", orders.get(80), "currency", "USD", "EUR"),
                new Planted(Side.READ_MODEL, "customers", shop.customer, "email", "ada@example.com", "ada@example.org"),
                new Planted(Side.READ_MODEL, "order_items", orders.get(81), "quantity", "3", "2"),
                new Planted(Side.REPLICA, "products", shop.product, "name", "Zoe, (cards)", "Zoë, (cards)"),
                new Planted(Side.REPLICA, "orders", orders.get(120), "total", "89.71", "89.7"),
                new Planted(Side.REPLICA, "order_items", orders.get(121), "line_total", "59.800001", "59.8"));
        shop.run(Shop.SOURCE, "alter table order_items drop constraint order_items_check");
        for (Planted each : planted) {
            each.into(shop);
        }

        JsonPath audit = auditWhileAllIsCarried();

        assertThat(audit.getString("report.verdict")).isEqualTo("DIFFERENT");
        List<Map<String, Object>> told = audit.getList("report.differences");
        assertThat(told).hasSize(planted.size());
        for (Planted each : planted) {
            assertThat(told)
                    .filteredOn(cell -> each.table.equals(cell.get("table"))
                            && each.id.toString().equals(cell.get("id")))
                    .singleElement()
                    .satisfies(each::isReportedIn);
        }
        assertThat(sum(audit, "different")).isEqualTo(planted.size() + 2);
        await().atMost(SOON)
                .untilAsserted(() -> assertThat(given().get("/q/metrics").asString())
                        .contains("audit_rows_different{follower=\"replica\",table=\"orders\"} 2.0")
                        .contains("audit_rows_different{follower=\"read-model\",table=\"products\"} 0.0"));
    }

    @Test
    void callsARowMissingOrLeftOverOnlyWhenTheFollowerHasPassedTheCut() throws Exception {
        UUID lost = shop.place(1).getFirst();
        shop.replicate("orders", lost);
        shop.replicate("order_items", lost);
        UUID leftOver = orders.get(50);
        shop.delete(leftOver);

        JsonPath behind = audit();

        assertThat(behind.getString("report.verdict")).isEqualTo("LAGGING");
        assertThat(behind.getString("report.sides[1].detail"))
                .contains("the replication slot audited_outbox has not confirmed");
        assertThat(behind.getString("report.sides[2].detail"))
                .contains("the replication slot audited_tables has not confirmed");
        assertThat(sum(behind, "behind")).isEqualTo(6);

        JsonPath passed = auditWhileAllIsCarried();

        assertThat(passed.getString("report.verdict")).isEqualTo("DIFFERENT");
        List<Map<String, Object>> told = passed.getList("report.differences");
        assertThat(told).hasSize(6).allSatisfy(cell -> assertThat(cell)
                .containsEntry("column", null)
                .containsEntry("source", lost.toString().equals(cell.get("id")) ? "present" : null)
                .containsEntry("readModel", null)
                .containsEntry("replica", "present"));
        assertThat(told).extracting(cell -> cell.get("id")).containsOnly(lost.toString(), leftOver.toString());
    }

    @Test
    void findsNoDifferenceInWhatIsOnItsWay() throws Exception {
        var ended = new AtomicBoolean();
        var random = new Random(4711);
        try (var workers = Executors.newFixedThreadPool(2)) {
            var queue = new DelayQueue<Late>();
            var writer = workers.submit(() -> {
                while (!ended.get()) {
                    UUID order = orders.get(random.nextInt(orders.size()));
                    if (random.nextInt(4) == 0) {
                        order = shop.place(1).getFirst();
                        orders.add(order);
                    } else {
                        shop.change(order);
                    }
                    shop.publish(order);
                    while (queue.size() > 10) {
                        TimeUnit.MILLISECONDS.sleep(5); // limits the load on the replica
                    }
                    queue.add(new Late("orders", order, random.nextInt(150)));
                    queue.add(new Late("order_items", order, random.nextInt(150)));
                }
                return null;
            });
            var sink = workers.submit(() -> {
                while (!ended.get() || !queue.isEmpty()) {
                    Late late = queue.poll(50, TimeUnit.MILLISECONDS);
                    if (late != null) {
                        shop.replicate(late.table(), late.id());
                    }
                }
                return null;
            });
            long inFlight = 0;
            try {
                for (int i = 0; i < TestSize.of(2, 10) || (inFlight == 0 && i < 10); i++) {
                    JsonPath audit = audit();
                    assertThat(audit.getString("report.verdict"))
                            .as(audit.prettify())
                            .isEqualTo("EQUAL");
                    assertThat(audit.<Map<String, Object>>getList("report.comparisons"))
                            .allSatisfy(
                                    each -> assertThat(each.get("sourceHash")).isEqualTo(each.get("followerHash")));
                    inFlight += sum(audit, "inFlight");
                }
            } finally {
                ended.set(true); // otherwise close() would wait for the workers
            }
            writer.get();
            sink.get();
            assertThat(inFlight).as("rows in flight").isPositive();
        }
    }

    /** A row for the replica and the time of its write. */
    private record Late(String table, UUID id, long dueNanos) implements Delayed {

        Late(String table, UUID id, int ms) {
            this(table, id, System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(ms));
        }

        @Override
        public long getDelay(TimeUnit unit) {
            return unit.convert(dueNanos - System.nanoTime(), TimeUnit.NANOSECONDS);
        }

        @Override
        public int compareTo(Delayed other) {
            return Long.compare(dueNanos, ((Late) other).dueNanos());
        }
    }

    @Test
    void doesWithoutAReplicaAndSaysSo() throws Exception {
        shop.dropReplica();

        JsonPath audit = audit();

        assertThat(audit.getString("report.verdict")).isEqualTo("EQUAL");
        assertThat(audit.getList("report.sides.state")).containsExactly("READ", "READ", "ABSENT");
        assertThat(audit.getList("report.comparisons.follower")).containsOnly("read-model");
    }

    @Test
    void saysWhichSideCannotBeReadAndIsReadyAllTheSame() throws Exception {
        for (String database : List.of(Shop.SOURCE, Shop.REPLICA)) {
            shop.run("postgres", "alter database %s allow_connections false".formatted(database));
            shop.run(
                    "postgres",
                    "select pg_terminate_backend(pid) from pg_stat_activity where datname = '%s' and usename = 'auditor'"
                            .formatted(database));
            try {
                JsonPath audit = audit();

                assertThat(audit.getString("report.verdict")).isEqualTo("UNKNOWN");
                assertThat(audit.getString("report.sides.find { it.state == 'UNREADABLE' }.side"))
                        .isEqualTo(database.equals(Shop.SOURCE) ? "source" : "replica");
                assertThat(audit.getString("report.sides.find { it.state == 'UNREADABLE' }.detail"))
                        .contains("not currently accepting connections");
                given().get("/q/health/ready").then().statusCode(200);
            } finally {
                shop.run("postgres", "alter database %s allow_connections true".formatted(database));
            }
        }
    }

    @Test
    void namesColumnsThatAFollowerDoesNotHave() throws Exception {
        shop.run(Shop.SOURCE, "alter table customers add column phone text default '+44 1'");

        JsonPath audit = audit();

        assertThat(audit.getString("report.verdict")).isEqualTo("EQUAL");
        assertThat(audit.getList("report.sides.detail"))
                .containsExactly(
                        null,
                        "it has no column customers.phone, which is not compared",
                        "it has no column customers.phone, which is not compared");
    }

    @Test
    void startsOneAndShowsTheLast() throws Exception {
        String location =
                given().post("/audits").then().statusCode(202).extract().header("Location");
        await().atMost(SOON).until(() -> given().get(location).path("status").equals("DONE"));
        String id = given().get(location).path("id");

        given().get("/audit?maxAge=1h").then().statusCode(200).body("id", equalTo(id));
        given().get("/audit?maxAge=1").then().statusCode(400);
        given().get("/audits/" + UUID.randomUUID()).then().statusCode(404);
        given().get("/audits/none").then().statusCode(400).body("errors.field", contains("id"));
    }

    private static JsonPath audit() {
        return given().get("/audit")
                .then()
                .statusCode(200)
                .body("status", equalTo("DONE"))
                .extract()
                .jsonPath();
    }

    /** Runs an audit while both slots and groups confirm everything, as the connectors' heartbeats would do. */
    private JsonPath auditWhileAllIsCarried() throws Exception {
        var ended = new AtomicBoolean();
        try (var carrier = Executors.newSingleThreadExecutor()) {
            var carrying = carrier.submit(() -> {
                while (!ended.get()) {
                    shop.carryAll();
                }
                return null;
            });
            try {
                return audit();
            } finally {
                ended.set(true);
                carrying.get();
            }
        }
    }

    private static long sum(JsonPath audit, String figure) {
        return audit.<Integer>getList("report.comparisons." + figure).stream()
                .mapToLong(Integer::longValue)
                .sum();
    }
}
