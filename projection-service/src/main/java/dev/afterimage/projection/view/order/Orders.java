package dev.afterimage.projection.view.order;

import dev.afterimage.projection.sql.Sql;
import dev.afterimage.projection.view.RowOrigin;
import dev.afterimage.projection.view.Selection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;

/**
 * Queries for orders in the read model, each with the items of the same version. {@code offset 0} keeps the planner from
 * a hash join, which would read all items for each batch of the feed.
 */
final class Orders {

    /** Orders with the current name and email of their customers. */
    static final Selection<OrderView> WITH_CUSTOMERS = selection(
            "c.name as customer_name, c.email as customer_email, c.version as customer_version",
            "left join customers c on c.id = o.customer_id");

    /** Orders without their customers. The feed compares events with these, and saves the join. */
    static final Selection<OrderView> ALONE = selection("null as customer_name", "");

    private Orders() {}

    private static Selection<OrderView> selection(String columns, String join) {
        return new Selection<>("order", """
                with picked as (select * from orders %%s)
                select o.*, i.product_id, i.quantity, i.unit_price, i.line_total, %s
                  from picked o
                  %s
                  left join lateral (select * from order_items l where l.order_id = o.id offset 0) i on true
                 order by o.created_at desc, o.id desc, i.line_no
                """.formatted(columns, join), Orders::read);
    }

    /** Reads orders from rows: one row per item, the items of an order next to each other. */
    private static List<OrderView> read(ResultSet row) throws SQLException {
        List<OrderView> orders = new ArrayList<>();
        boolean more = row.next();
        while (more) {
            UUID id = row.getObject("id", UUID.class);
            UUID customerId = row.getObject("customer_id", UUID.class);
            String customerName = row.getString("customer_name");
            var order = new OrderView(
                    id,
                    customerId,
                    customerName == null
                            ? null
                            : new OrderView.Customer(
                                    customerId,
                                    customerName,
                                    row.getString("customer_email"),
                                    row.getLong("customer_version")),
                    OrderStatus.valueOf(row.getString("status")),
                    row.getString("currency"),
                    row.getBigDecimal("total"),
                    List.of(),
                    Sql.instant(row, "created_at"),
                    Sql.instant(row, "updated_at"),
                    row.getLong("version"),
                    RowOrigin.of(row));
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
