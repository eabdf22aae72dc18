package dev.afterimage.shop.order;

import static dev.afterimage.shop.Shop.changeStatus;
import static dev.afterimage.shop.Shop.customer;
import static dev.afterimage.shop.Shop.get;
import static dev.afterimage.shop.Shop.placed;
import static dev.afterimage.shop.Shop.post;
import static dev.afterimage.shop.Shop.product;
import static dev.afterimage.shop.Shop.put;
import static io.restassured.RestAssured.given;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.afterimage.testing.Database;
import io.agroal.api.AgroalDataSource;
import io.agroal.api.AgroalDataSource.FlushMode;
import io.quarkus.scheduler.Scheduler;
import io.quarkus.test.junit.QuarkusTest;
import jakarta.inject.Inject;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.UUID;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The database statements of each call, in order, from the log of PostgreSQL. */
@QuarkusTest
class StatementsTest {

    private static final Pattern STATEMENT = Pattern.compile("LOG:  (?:execute [^:]*|statement): (.*(?:\\n\\t.*)*)");
    private static final Pattern GIST = Pattern.compile("(?s)(begin|commit)"
            + "|(insert into|update|delete from) (\\S+).*"
            + "|(select).*? from (\\S+).*?(?: (for no key update) of \\S+)?");

    @Inject
    AgroalDataSource pool;

    @Inject
    Scheduler scheduler;

    private String first = "";
    private String second = "";
    private String order = "";

    @BeforeEach
    void stock() {
        first = product("1.00");
        second = product("2.00");
        order = """
                {"customerId": "%s", "items": [
                  {"productId": "%s", "quantity": 1}, {"productId": "%s", "quantity": 2}]}
                """.formatted(customer(), first, second);
        scheduler.pause();
        logStatements(true);
    }

    @AfterEach
    void logNoMore() {
        logStatements(false);
        scheduler.resume();
    }

    /**
     * Eight statements in six round trips: begin is sent with the first statement, and the lines are one batch. The
     * prices need a query; the customer does not, because the foreign key checks it at the insert. The outbox row is
     * inserted for the WAL, and deleted so that the table stays empty.
     */
    @Test
    void placesAnOrderOfTwoLinesWithEightStatements() throws Exception {
        assertThat(statementsOf(() -> post("/orders", order).statusCode(201)))
                .containsExactly(
                        "begin",
                        "select products",
                        "insert into orders",
                        "insert into outbox",
                        "insert into order_items",
                        "insert into order_items",
                        "delete from outbox",
                        "commit");
    }

    /**
     * Two more statements for the key: one claims it before the work, so that a repetition waits, and one stores the
     * answer after the work.
     */
    @Test
    void placesAnOrderUnderAKeyWithTwoMoreStatements() throws Exception {
        var key = UUID.randomUUID().toString();
        assertThat(statementsOf(() -> post("/orders", order, key).then().statusCode(201)))
                .containsExactly(
                        "begin",
                        "insert into idempotency_keys",
                        "select products",
                        "insert into orders",
                        "insert into outbox",
                        "insert into order_items",
                        "insert into order_items",
                        "delete from outbox",
                        "update idempotency_keys",
                        "commit");
        assertThat(statementsOf(() -> post("/orders", order, key).then().statusCode(201)))
                .containsExactly("begin", "insert into idempotency_keys", "commit");
    }

    /** The row lock orders the changes of the order. The lines are read after it, because both images contain them. */
    @Test
    void changesAStatusWithSevenStatements() throws Exception {
        var id = placed(order);
        assertThat(statementsOf(() -> changeStatus(id, "PAID").then().statusCode(200)))
                .containsExactly(
                        "begin",
                        "select orders for no key update",
                        "select order_items",
                        "insert into outbox",
                        "update orders",
                        "delete from outbox",
                        "commit");
    }

    /** Only the price of the new product is queried. A changed line is updated, a surplus line is deleted. */
    @Test
    void changesItemsWithTenStatements() throws Exception {
        var id = placed(order);
        var items = "{\"items\": [{\"productId\": \"%s\", \"quantity\": 1}]}".formatted(product("3.00"));
        assertThat(statementsOf(() ->
                        put("/orders/%s/items".formatted(id), items).then().statusCode(200)))
                .containsExactly(
                        "begin",
                        "select orders for no key update",
                        "select order_items",
                        "select products",
                        "insert into outbox",
                        "update orders",
                        "delete from order_items",
                        "update order_items",
                        "delete from outbox",
                        "commit");
    }

    /** One statement deletes the lines; the second outbox row is the tombstone. */
    @Test
    void deletesAnOrderWithTenStatements() throws Exception {
        var id = placed(order);
        assertThat(statementsOf(() -> given().delete("/orders/" + id).then().statusCode(204)))
                .containsExactly(
                        "begin",
                        "select orders for no key update",
                        "select order_items",
                        "insert into outbox",
                        "insert into outbox",
                        "delete from order_items",
                        "delete from outbox",
                        "delete from outbox",
                        "delete from orders",
                        "commit");
    }

    /** One statement reads an order with its lines, or a page of orders, so that the result is consistent. */
    @Test
    void readsWithOneStatement() throws Exception {
        var id = placed(order);
        assertThat(statementsOf(() -> get("/orders/" + id).statusCode(200))).containsExactly("select orders");
        assertThat(statementsOf(() -> get("/orders?limit=5").statusCode(200))).containsExactly("select orders");
    }

    /**
     * The statements without those that pgjdbc sends once per connection: its name, and a query for the columns of
     * idempotency_keys.
     */
    private static List<String> statementsOf(Runnable call) throws IOException {
        var before = serverLog().length();
        call.run();
        return STATEMENT
                .matcher(serverLog().substring(before))
                .results()
                .filter(statement -> !statement.group(1).matches("(?is)set application_name.*|.*pg_catalog.*"))
                .map(StatementsTest::gist)
                .toList();
    }

    private static String gist(MatchResult statement) {
        var sql = statement
                .group(1)
                .toLowerCase(Locale.ROOT)
                .replaceAll("\\s+", " ")
                .strip();
        var gist = GIST.matcher(sql);
        assertThat(gist.matches()).as(sql).isTrue();
        var words = new StringBuilder();
        for (var group = 1; group <= gist.groupCount(); group++) {
            if (gist.group(group) != null) {
                words.append(words.isEmpty() ? "" : " ").append(gist.group(group));
            }
        }
        return words.toString();
    }

    private static String serverLog() throws IOException {
        var data = Path.of(Database.ofService().value("show data_directory"));
        return Files.readString(data.resolveSibling("logs").resolve("postgres.log"));
    }

    /**
     * Sets the log level for the service's role only. It applies to new connections only, so this waits until the older
     * ones are closed: the pool closes them in the background, and {@code FlushMode.ALL} takes them from running calls.
     */
    private void logStatements(boolean all) {
        var database = Database.ofService();
        database.execute("alter role orders_app set log_statement = '%s'".formatted(all ? "all" : "none"));
        var changed = database.value("select clock_timestamp()");
        pool.flush(FlushMode.GRACEFUL);
        await().until(() -> database.number("select count(*) from pg_stat_activity where usename = 'orders_app'"
                        + " and application_name = 'order-service' and backend_start < '%s'".formatted(changed))
                == 0);
    }
}
