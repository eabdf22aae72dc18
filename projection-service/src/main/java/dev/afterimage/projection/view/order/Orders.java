package dev.afterimage.projection.view.order;

import dev.afterimage.projection.sql.Sql;
import dev.afterimage.projection.view.Cdc;
import dev.afterimage.projection.view.ReadModelUnavailable;
import jakarta.enterprise.context.ApplicationScoped;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;

/** The orders of the read model. Each query is one statement, so that an order and its items are of one version. */
@ApplicationScoped
class Orders {

    private static final String WITH_ITEMS = """
            select o.*, i.product_id, i.quantity, i.unit_price, i.line_total
              from picked o
              left join order_items i on i.order_id = o.id
             order by o.created_at desc, o.id desc, i.line_no
            """;

    private final DataSource dataSource;

    Orders(DataSource dataSource) {
        this.dataSource = dataSource;
    }

    /** Those of these orders that there are, locked until the caller's transaction ends. */
    static List<OrderView> lock(Connection connection, Collection<UUID> ids) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(picked("where id = any (?) for update"))) {
            Sql.setArray(statement, 1, "uuid", ids, id -> id);
            try (ResultSet row = statement.executeQuery()) {
                return orders(row);
            }
        }
    }

    Optional<OrderView> byId(UUID id) {
        return select("where id = ?", List.of(id)).stream().findFirst();
    }

    /** The version with which the order was deleted, or 0 when no delete of it is remembered. */
    long deletedVersion(UUID id) {
        try (Connection connection = dataSource.getConnection();
                PreparedStatement statement = connection.prepareStatement(
                        "select version from deletions where aggregate = 'order' and id = ?")) {
            statement.setObject(1, id);
            try (ResultSet row = statement.executeQuery()) {
                return row.next() ? row.getLong(1) : 0;
            }
        } catch (SQLException e) {
            throw new ReadModelUnavailable(e);
        }
    }

    /**
     * A page of orders.
     *
     * @param next where the next page begins; null when there is none
     */
    record Page(List<OrderView> orders, OrderQuery.@Nullable Cursor next) {}

    Page matching(OrderQuery query) {
        List<String> conditions = new ArrayList<>();
        List<Object> parameters = new ArrayList<>();
        if (query.status() != null) {
            conditions.add("status = ?");
            parameters.add(query.status().name());
        }
        if (query.customerId() != null) {
            conditions.add("customer_id = ?");
            parameters.add(query.customerId());
        }
        if (query.minTotal() != null) {
            conditions.add("total >= ?");
            parameters.add(query.minTotal());
        }
        if (query.after() != null) {
            conditions.add("(created_at, id) < (?, ?)");
            parameters.add(query.after().createdAt().atOffset(ZoneOffset.UTC));
            parameters.add(query.after().id());
        }
        String where = conditions.isEmpty() ? "" : "where " + String.join(" and ", conditions);
        parameters.add(query.limit() + 1); // one more than asked for tells whether there is a next page
        List<OrderView> found = select(where + " order by created_at desc, id desc limit ?", parameters);
        if (found.size() <= query.limit()) {
            return new Page(found, null);
        }
        List<OrderView> page = found.subList(0, query.limit());
        return new Page(page, OrderQuery.Cursor.of(page.getLast()));
    }

    private List<OrderView> select(String which, List<Object> parameters) {
        try (Connection connection = dataSource.getConnection();
                PreparedStatement statement = connection.prepareStatement(picked(which))) {
            for (int i = 0; i < parameters.size(); i++) {
                statement.setObject(i + 1, parameters.get(i));
            }
            try (ResultSet row = statement.executeQuery()) {
                return orders(row);
            }
        } catch (SQLException e) {
            throw new ReadModelUnavailable(e);
        }
    }

    private static String picked(String which) {
        return "with picked as (select * from orders " + which + ")\n" + WITH_ITEMS;
    }

    /** One row an item, those of an order next to each other. */
    private static List<OrderView> orders(ResultSet row) throws SQLException {
        List<OrderView> orders = new ArrayList<>();
        boolean more = row.next();
        while (more) {
            UUID id = row.getObject("id", UUID.class);
            var order = new OrderView(
                    id,
                    row.getObject("customer_id", UUID.class),
                    OrderStatus.valueOf(row.getString("status")),
                    row.getString("currency"),
                    row.getBigDecimal("total"),
                    List.of(),
                    Sql.instant(row, "created_at"),
                    Sql.instant(row, "updated_at"),
                    row.getLong("version"),
                    Cdc.of(row));
            List<OrderImage.Item> items = new ArrayList<>();
            do {
                UUID productId = row.getObject("product_id", UUID.class);
                if (productId != null) {
                    items.add(new OrderImage.Item(
                            productId,
                            row.getInt("quantity"),
                            row.getBigDecimal("unit_price"),
                            row.getBigDecimal("line_total")));
                }
                more = row.next();
            } while (more && id.equals(row.getObject("id", UUID.class)));
            orders.add(order.withItems(items));
        }
        return orders;
    }
}
