package dev.afterimage.cli.service;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.afterimage.stack.Postgres;
import dev.afterimage.stack.StackException;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;

/**
 * Makes changes by SQL on order-service's tables, without the service. The connector source-tables captures them; the
 * outbox has no event of them. The versions rise as in the service, so the read model detects a gap at the next event.
 */
public final class SqlShopClient implements ShopClient {

    private static final ObjectMapper JSON = new ObjectMapper();

    private final Postgres postgres;

    public SqlShopClient(Postgres postgres) {
        this.postgres = postgres;
    }

    @Override
    public String topic(Kind kind) {
        return "cdc.public." + kind.plural();
    }

    @Override
    public String addCustomer(String name, String email) {
        return one("insert into customers values (uuidv7(), ?, ?, now(), now(), 1) returning id::text", name, email);
    }

    @Override
    public String addProduct(String sku, String name, String price) {
        return one(
                "insert into products values (uuidv7(), ?, ?, ?::numeric, now(), now(), 1) returning id::text",
                sku,
                name,
                price);
    }

    @Override
    public String addOrder(String customer, String product, int quantity) {
        return one("""
                with wanted as (select p.id as product_id, p.price, ?::int as quantity from products p where p.id = ?::uuid),
                     placed as (
                       insert into orders
                       select uuidv7(), ?::uuid, 'PENDING', 'EUR', price * quantity, now(), now(), 1 from wanted
                       returning id),
                     lines as (
                       insert into order_items
                       select placed.id, 0, product_id, quantity, price, price * quantity from placed, wanted)
                select id::text from placed""", Integer.toString(quantity), product, customer);
    }

    @Override
    public void changeEmail(String customer, String email) {
        one(
                "update customers set email = ?, updated_at = now(), version = version + 1 where id = ?::uuid returning id::text",
                email,
                customer);
    }

    @Override
    public void changeStatus(String order, String status) {
        one(
                "update orders set status = ?, updated_at = now(), version = version + 1 where id = ?::uuid returning id::text",
                status,
                order);
    }

    @Override
    public void delete(Kind kind, String id) {
        if (kind == Kind.order) {
            one("""
                    with lines as (delete from order_items where order_id = ?::uuid)
                    delete from orders where id = ?::uuid returning id::text""", id, id);
            return;
        }
        one("delete from " + kind.plural() + " where id = ?::uuid returning id::text", id);
    }

    @Override
    public JsonNode find(Kind kind, String id) {
        return json(one("select to_jsonb(t) from " + kind.plural() + " t where id::text = ?", id));
    }

    @Override
    public List<JsonNode> newest(Kind kind, int limit) {
        String columns = kind == Kind.order ? "t.*, t.customer_id as \"customerId\"" : "t.*";
        return query(
                        "select to_jsonb(r) from (select " + columns + " from " + kind.plural()
                                + " t order by id desc limit ?::int) r",
                        Integer.toString(limit))
                .stream()
                .map(SqlShopClient::json)
                .toList();
    }

    private static JsonNode json(String text) {
        try {
            return JSON.readTree(text);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException(e);
        }
    }

    private String one(String sql, String... parameters) {
        List<String> found = query(sql, parameters);
        if (found.isEmpty()) {
            throw new StackException("There is no such row: " + String.join(", ", parameters));
        }
        return found.getFirst();
    }

    private List<String> query(String sql, String... parameters) {
        try (Connection connection = postgres.connect("orders")) {
            return Postgres.texts(connection, sql, parameters);
        } catch (SQLException e) {
            throw new StackException(
                    "PostgreSQL: "
                            + String.valueOf(e.getMessage()).lines().findFirst().orElse(""),
                    e);
        }
    }
}
