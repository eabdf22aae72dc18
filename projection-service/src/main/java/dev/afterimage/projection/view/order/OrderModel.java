package dev.afterimage.projection.view.order;

import dev.afterimage.projection.change.Envelope;
import dev.afterimage.projection.change.Fields;
import dev.afterimage.projection.change.MalformedRecord;
import dev.afterimage.projection.sql.RoundTrip;
import dev.afterimage.projection.sql.Sql.Column;
import dev.afterimage.projection.sql.Sql.Values;
import dev.afterimage.projection.view.ReadModel;
import jakarta.annotation.Priority;
import jakarta.enterprise.context.ApplicationScoped;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.regex.Pattern;

/** Writes events into {@code orders} and {@code order_items}. */
@ApplicationScoped
@Priority(3) // the place of its topic in the feed
public class OrderModel extends ReadModel<OrderImage> {

    private static final Pattern CURRENCY = Pattern.compile("[A-Z]{3}");

    private static final String LINES = """
            insert into order_items
                   (order_id, line_no, product_id, quantity, unit_price, line_total,
                    cdc_operation, cdc_timestamp, synced_at)
            select l.order_id, l.line_no, l.product_id, l.quantity, l.unit_price, l.line_total,
                   l.cdc_operation, l.cdc_timestamp, clock_timestamp()
              from unnest(?::uuid[], ?::int[], ?::uuid[], ?::int[], ?::numeric[], ?::numeric[], ?::text[],
                          ?::timestamptz[], ?::bigint[])
                as l(order_id, line_no, product_id, quantity, unit_price, line_total, cdc_operation, cdc_timestamp,
                     version)
             where (select o.version from orders o where o.id = l.order_id) = l.version
                on conflict (order_id, line_no) do update
               set product_id = excluded.product_id, quantity = excluded.quantity, unit_price = excluded.unit_price,
                   line_total = excluded.line_total, cdc_operation = excluded.cdc_operation,
                   cdc_timestamp = excluded.cdc_timestamp, synced_at = excluded.synced_at
            """;

    private static final String SURPLUS = """
            delete from order_items i
             using unnest(?::uuid[], ?::int[], ?::bigint[]) as s(id, lines, version)
             where i.order_id = s.id and i.line_no > s.lines
               and (select o.version from orders o where o.id = s.id) = s.version
            """;

    /** Subqueries, because joins could read all orders and all items for a batch with one delete. */
    private static final String DELETE_LINES = """
            delete from order_items
             where order_id = any (array(select d.id
                                           from unnest(?::uuid[]) as d(id)
                                          where (select o.version from orders o where o.id = d.id) is null))
            """;

    private record Line(Envelope event, int lineNo, OrderImage.Item item) {}

    private static final List<Column<Line>> LINE = List.of(
            new Column<>("order_id", "uuid", line -> line.event().id()),
            new Column<>("line_no", "int4", Line::lineNo),
            new Column<>("product_id", "uuid", line -> line.item().productId()),
            new Column<>("quantity", "int4", line -> line.item().quantity()),
            new Column<>("unit_price", "numeric", line -> line.item().unitPrice()),
            new Column<>("line_total", "numeric", line -> line.item().lineTotal()),
            new Column<>("cdc_operation", "text", line -> line.event().op().code()),
            new Column<>("cdc_timestamp", "timestamptz", line -> line.event().committedAt()),
            new Column<>("version", "int8", line -> line.event().version()));

    private static final List<Column<OrderImage>> SHRUNK = List.of(
            new Column<>("id", "uuid", OrderImage::id),
            new Column<>("lines", "int4", order -> order.items().size()),
            new Column<>("version", "int8", OrderImage::version));

    public OrderModel() {
        super(
                "order",
                List.of(
                        new Column<>("id", "uuid", OrderImage::id),
                        new Column<>("customer_id", "uuid", OrderImage::customerId),
                        new Column<>("status", "text", OrderImage::status),
                        new Column<>("currency", "text", OrderImage::currency),
                        new Column<>("total", "numeric", OrderImage::total),
                        new Column<>("created_at", "timestamptz", OrderImage::createdAt),
                        new Column<>("updated_at", "timestamptz", OrderImage::updatedAt),
                        new Column<>("version", "int8", OrderImage::version)));
    }

    @Override
    public OrderImage read(Fields image) throws MalformedRecord {
        List<OrderImage.Item> items = new ArrayList<>();
        for (Fields item : image.list("items")) {
            items.add(new OrderImage.Item(
                    item.uuid("productId"),
                    item.quantity("quantity"),
                    item.money("unitPrice"),
                    item.money("lineTotal")));
        }
        return new OrderImage(
                image.uuid("id"),
                image.uuid("customerId"),
                image.oneOf(OrderStatus.class, "status", "a status of an order"),
                image.matching("currency", CURRENCY, "three capital letters"),
                image.money("total"),
                items,
                image.instant("createdAt"),
                image.instant("updatedAt"),
                image.version("version"));
    }

    @Override
    protected void lock(RoundTrip reads, Collection<UUID> ids, Map<UUID, OrderImage> stored) {
        Orders.ALONE.lock(reads, ids, order -> stored.put(order.id(), order.image()));
    }

    /** Writes only changed lines, because most events change only the status. */
    @Override
    protected void addUpserts(RoundTrip writes, List<Envelope> events, Map<UUID, OrderImage> stored) {
        List<Line> lines = new ArrayList<>(events.size() * 2);
        List<OrderImage> shrunk = new ArrayList<>();
        for (Envelope event : events) {
            OrderImage after = after(event);
            OrderImage held = stored.get(event.id());
            List<OrderImage.Item> before = held == null ? List.of() : held.items();
            if (after.items().equals(before)) {
                continue;
            }
            for (int i = 0; i < after.items().size(); i++) {
                lines.add(new Line(event, i + 1, after.items().get(i)));
            }
            if (after.items().size() < before.size()) {
                shrunk.add(after);
            }
        }
        if (!lines.isEmpty()) {
            writes.add(LINES, Values.of(lines, LINE));
        }
        if (!shrunk.isEmpty()) {
            writes.add(SURPLUS, Values.of(shrunk, SHRUNK));
        }
    }

    @Override
    protected void addDeletes(RoundTrip writes, Collection<UUID> ids) {
        writes.add(DELETE_LINES, List.of(Values.of("uuid", ids, id -> id)));
    }
}
