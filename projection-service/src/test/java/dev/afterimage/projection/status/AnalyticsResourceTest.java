package dev.afterimage.projection.status;

import static io.restassured.RestAssured.given;
import static org.assertj.core.api.Assertions.assertThat;
import static org.hamcrest.Matchers.equalTo;

import dev.afterimage.projection.NamedEvents;
import dev.afterimage.projection.OrderEvents;
import dev.afterimage.projection.OrderTopic;
import dev.afterimage.testing.Database;
import io.quarkus.test.junit.QuarkusTest;
import jakarta.inject.Inject;
import java.math.BigDecimal;
import java.sql.SQLException;
import java.util.List;
import java.util.UUID;
import javax.sql.DataSource;
import org.eclipse.microprofile.config.inject.ConfigProperty;
import org.junit.jupiter.api.Test;

@QuarkusTest
class AnalyticsResourceTest {

    @Inject
    @ConfigProperty(name = "kafka.bootstrap.servers")
    String bootstrapServers;

    @Inject
    DataSource dataSource;

    @Test
    void sumsUpByStatusAndCurrency() {
        // a currency that only this test uses, because other tests also leave orders
        List<OrderEvents> orders = List.of(new OrderEvents(), new OrderEvents(), new OrderEvents());
        try (var topic = new OrderTopic(bootstrapServers)) {
            topic.put(orders.get(0).id, orders.get(0).placed("XAU", "10.00"));
            topic.put(orders.get(1).id, orders.get(1).placed("XAU", "0.01"));
            topic.put(
                    orders.get(2).id,
                    orders.get(2)
                            .placed("XAU", "0.01")
                            .replace(
                                    orders.get(2).customerId.toString(),
                                    orders.get(1).customerId.toString())
                            .replace("2026-11-21T09:00:00.123456Z", "2026-11-22T09:00:00Z"));
        }
        orders.forEach(order -> given().get("/orders/{id}?minVersion=1&wait=20s", order.id)
                .then()
                .statusCode(200));

        given().get("/analytics")
                .then()
                .statusCode(200)
                .rootPath("find { it.currency == 'XAU' }")
                .body("status", equalTo("PENDING"))
                .body("orders", equalTo(3))
                .body("customers", equalTo(2))
                .body("revenue", equalTo("10.02"))
                .body("averageTotal", equalTo("3.34"))
                .body("firstOrder", equalTo("2026-11-21T09:00:00.123456Z"))
                .body("lastOrder", equalTo("2026-11-22T09:00:00Z"));
        assertThat(Database.ofService().rows("""
                select lag = newest_applied - newest_change and newest_applied < clock_timestamp()
                  from cdc_processed.analytics_summary where currency = 'XAU'
                """)).containsExactly("t");
    }

    @Test
    void theOverviewJoinsAnOrderWithItsCustomerAndCountsItsItems() throws SQLException {
        NamedEvents ada = NamedEvents.customer(UUID.randomUUID() + "@example.org");
        var order = new OrderEvents();
        try (var topic = new OrderTopic(bootstrapServers)) {
            topic.putOn("customer.events", ada.id, ada.created("Ada"));
            topic.put(order.id, order.changed(2).replace(order.customerId.toString(), ada.id.toString()));
        }
        given().get("/customers/{id}?minVersion=1&wait=20s", ada.id).then().statusCode(200);
        given().get("/orders/{id}?minVersion=2&wait=20s", order.id).then().statusCode(200);

        try (var connection = dataSource.getConnection();
                var statement = connection.prepareStatement("select * from order_overview where customer_id = ?")) {
            statement.setObject(1, ada.id);
            try (var row = statement.executeQuery()) {
                assertThat(row.next()).isTrue();
                assertThat(row.getObject("id", UUID.class)).isEqualTo(order.id);
                assertThat(row.getString("customer_name")).isEqualTo("Ada");
                assertThat(row.getInt("items")).isEqualTo(2);
                assertThat(row.getBigDecimal("total")).isEqualTo(new BigDecimal("59.80"));
                assertThat(row.next()).isFalse();
            }
        }
    }

    /** Without a schema name, a rebuild can create the view on the tables of its own schema. */
    @Test
    void noViewNamesTheSchemaOfItsTables() throws SQLException {
        try (var connection = dataSource.getConnection();
                var row = connection.createStatement().executeQuery("""
                        select count(*), count(*) filter (where pg_get_viewdef(oid) like '%cdc_processed%')
                          from pg_class
                         where relkind = 'v' and relnamespace = 'cdc_processed'::regnamespace
                        """)) {
            row.next();
            assertThat(row.getInt(1)).isEqualTo(2);
            assertThat(row.getInt(2)).isZero();
        }
    }
}
