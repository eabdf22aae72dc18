package dev.afterimage.shop.web;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;
import static org.hamcrest.Matchers.endsWith;
import static org.hamcrest.Matchers.equalTo;
import static org.junit.jupiter.api.Assertions.assertAll;

import dev.afterimage.shop.PostgresResource;
import dev.afterimage.shop.Shop;
import dev.afterimage.shop.web.Calls.Call;
import dev.afterimage.stack.Postgres;
import dev.afterimage.testing.Database;
import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.QuarkusTestProfile;
import io.quarkus.test.junit.TestProfile;
import jakarta.inject.Inject;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.Executors;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import javax.sql.DataSource;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Runs with a separate PostgreSQL, which the tests kill, stop and slow down. */
@QuarkusTest
@TestProfile(OutageTest.OwnPostgres.class)
class OutageTest {

    public static class OwnPostgres implements QuarkusTestProfile {

        @Override
        public Map<String, String> getConfigOverrides() {
            var jdbc = "quarkus.datasource.jdbc.additional-jdbc-properties.";
            return Map.of(
                    "quarkus.devservices.enabled",
                    "false",
                    jdbc + "socketTimeout",
                    "3",
                    jdbc + "options",
                    "-c lock_timeout=2s -c statement_timeout=2500ms");
        }

        @Override
        public List<TestResourceEntry> testResources() {
            return List.of(new TestResourceEntry(PostgresResource.class));
        }
    }

    private static final int CONNECTIONS = 3;

    /** Injected by {@link PostgresResource}. */
    @SuppressWarnings("NullAway.Init")
    Postgres postgres;

    @Inject
    DataSource orders;

    private final Database database = Database.ofService();

    @Test
    void saysOfEveryOperationThatTheDatabaseIsAwayAndGoesOnWhenItIsBack() {
        var documented = new Documented();
        // reads first, one per possible connection: pgjdbc has an assertion that fails when a batch is written to a
        // broken connection, and tests run with assertions
        var outages = documented.answers().stream()
                .filter(answer -> answer.cause().equals("database-away"))
                .map(answer -> Map.entry(
                        answer,
                        Objects.requireNonNull(Calls.GOOD.get(answer.operationId()))
                                .get()))
                .sorted(Comparator.comparing(
                        outage -> !outage.getValue().method().equals("GET")))
                .toList();
        assertThat(outages).hasSameSizeAs(Calls.GOOD.keySet());

        postgres.kill();
        try {
            Stream.generate(() -> Call.of("GET", "/orders")).limit(CONNECTIONS).forEach(Call::send);
            // all at the same time, because each waits a second for a connection
            try (var clients = Executors.newVirtualThreadPerTaskExecutor()) {
                var sent = outages.stream()
                        .map(outage -> clients.submit(() -> outage.getValue().send()))
                        .toList();
                assertAll(IntStream.range(0, sent.size())
                        .mapToObj(i -> () -> documented.check(
                                outages.get(i).getKey(), sent.get(i).get())));
            }
        } finally {
            postgres.start();
        }

        awaitService();
    }

    @Test
    void answersInTimeWhenTheDatabaseHangs() throws Exception {
        Shop.get("/orders").statusCode(200);
        signal("STOP");
        try {
            var begun = System.nanoTime();
            Shop.get("/orders")
                    .statusCode(503)
                    .body("type", endsWith(":database-away"))
                    .header("Retry-After", "2");
            Shop.get("/q/health/ready").statusCode(503);
            assertThat(Duration.ofNanos(System.nanoTime() - begun)).isLessThan(Duration.ofSeconds(15));
        } finally {
            signal("CONT");
        }
        awaitService();
    }

    @Test
    void isNotWellWhileTheDatabaseTakesNoChange() {
        var order = Shop.order();
        database.execute("alter system set default_transaction_read_only = on", "select pg_reload_conf()");
        try {
            await().atMost(Duration.ofSeconds(30)).until(() -> {
                Shop.get("/orders").statusCode(200);
                Shop.changeStatus(order, "PAID")
                        .then()
                        .statusCode(503)
                        .body("type", endsWith(":database-away"))
                        .header("Retry-After", "2");
                return Shop.get("/q/health/well")
                        .extract()
                        .path("checks.find { it.name == 'changes' }.status")
                        .equals("DOWN");
            });
        } finally {
            database.execute("alter system reset default_transaction_read_only", "select pg_reload_conf()");
        }
        await().atMost(Duration.ofSeconds(30))
                .until(() -> Shop.changeStatus(order, "PAID").statusCode() == 200);
        Shop.get("/q/health/well").body("checks.find { it.name == 'changes' }.status", equalTo("UP"));
    }

    @Test
    void asksToTryAgainWhereARowIsLocked() throws Exception {
        var locked = Shop.order();
        try (var psql = database.connect();
                var lock = psql.createStatement()) {
            psql.setAutoCommit(false);
            lock.execute("select from orders where id = '%s' for update".formatted(locked));

            Shop.changeStatus(locked, "PAID")
                    .then()
                    .statusCode(503)
                    .body("type", endsWith(":collision"))
                    .header("Retry-After", "1");
        }
        Shop.changeStatus(locked, "PAID").then().statusCode(200);
    }

    @Test
    void staysReadyWhileRequestsHoldAllConnections() throws Exception {
        database.execute("select pg_create_logical_replication_slot('order_outbox', 'pgoutput')");
        var held = new ArrayList<Connection>();
        try {
            assertThatThrownBy(() -> Stream.generate(this::connection).forEach(held::add))
                    .hasRootCauseInstanceOf(SQLException.class);

            Shop.get("/q/health/ready").statusCode(200);
            Shop.get("/orders").statusCode(503).body("type", endsWith(":database-away"));
        } finally {
            for (var connection : held) {
                connection.close();
            }
            database.execute("select pg_drop_replication_slot('order_outbox')");
        }
    }

    private Connection connection() {
        try {
            return orders.getConnection();
        } catch (SQLException e) {
            throw new IllegalStateException(e);
        }
    }

    @ParameterizedTest
    @CsvSource({
        "perform pg_terminate_backend(pg_backend_pid()), database-away",
        "raise exception using errcode = '57014', collision"
    })
    void saysWhatBrokeACommit(String breaking, String problem) {
        database.execute("""
                create function break_commit() returns trigger language plpgsql security definer as
                $$ begin %s; return null; end $$;
                create constraint trigger break_commit after insert on customers
                deferrable initially deferred for each row execute function break_commit()
                """.formatted(breaking));
        try {
            Shop.post("/customers", Shop.newCustomer()).statusCode(503).body("type", endsWith(":" + problem));
        } finally {
            database.execute("drop function break_commit cascade");
        }
        awaitService();
    }

    @Test
    void countsForASnapshotLongerThanARequestMayTake() {
        Shop.order();
        database.execute("""
                create policy slow on orders using (
                    case when current_query() like '%count(%' then (select pg_sleep(3.2)) is not null else true end)
                """, "alter table orders enable row level security");
        try {
            Shop.post("/snapshots", "{\"aggregate\": \"order\"}").statusCode(202);
        } finally {
            database.execute("alter table orders disable row level security", "drop policy slow on orders");
        }
    }

    private static void awaitService() {
        await().atMost(Duration.ofSeconds(20))
                .untilAsserted(() -> Shop.get("/orders").statusCode(200));
    }

    /** Sends the signal to the server and to all processes of its connections. */
    private void signal(String signal) throws Exception {
        var server = ProcessHandle.of(Objects.requireNonNull(postgres.pid())).orElseThrow();
        var pids = Stream.concat(Stream.of(server), server.descendants())
                .map(process -> Long.toString(process.pid()))
                .collect(Collectors.joining(" "));
        assertThat(new ProcessBuilder("sh", "-c", "kill -%s %s".formatted(signal, pids))
                        .start()
                        .waitFor())
                .isZero();
    }
}
