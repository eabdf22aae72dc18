package dev.afterimage.projection.view;

import dev.afterimage.projection.change.Change;
import dev.afterimage.projection.change.Effect;
import dev.afterimage.projection.change.Envelope;
import dev.afterimage.projection.change.OrderImage;
import jakarta.enterprise.context.ApplicationScoped;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * Writes changes into {@code cdc_processed.orders} and {@code .order_items}: at most three statements however many
 * changes there are. The statements repeat the version guard of the fold, so that even two feeds that read the same
 * topic at the same time could not overwrite a newer row.
 */
@ApplicationScoped
public class OrderProjection {

    private static final String STORED = """
            select asked.id, o.version as row_version, d.version as deleted_version
              from unnest(?::uuid[]) as asked(id)
              left join cdc_processed.orders o on o.id = asked.id
              left join cdc_processed.deletions d on d.aggregate = 'order' and d.id = asked.id
             where o.id is not null or d.id is not null
            """;

    // One statement, hence one snapshot: surplus lines are those the new image no longer has, all others are replaced.
    private static final String UPSERT = """
            with incoming as (
                select *
                  from unnest(?::uuid[], ?::uuid[], ?::text[], ?::text[], ?::numeric[], ?::timestamptz[],
                              ?::timestamptz[], ?::bigint[], ?::text[], ?::timestamptz[])
                    as i(id, customer_id, status, currency, total, created_at,
                         updated_at, version, cdc_operation, cdc_timestamp)
            ), upserted as (
                insert into cdc_processed.orders as o
                       (id, customer_id, status, currency, total, created_at,
                        updated_at, version, cdc_operation, cdc_timestamp, synced_at)
                select i.*, clock_timestamp()
                  from incoming i
                 where not exists (select from cdc_processed.deletions d
                                    where d.aggregate = 'order' and d.id = i.id and d.version >= i.version)
                    on conflict (id) do update
                   set customer_id = excluded.customer_id, status = excluded.status, currency = excluded.currency,
                       total = excluded.total, created_at = excluded.created_at, updated_at = excluded.updated_at,
                       version = excluded.version, cdc_operation = excluded.cdc_operation,
                       cdc_timestamp = excluded.cdc_timestamp, synced_at = excluded.synced_at
                 where excluded.version > o.version
                returning o.id, o.cdc_operation, o.cdc_timestamp, o.synced_at
            ), lines as (
                select l.*, u.cdc_operation, u.cdc_timestamp, u.synced_at
                  from unnest(?::uuid[], ?::int[], ?::uuid[], ?::int[], ?::numeric[], ?::numeric[])
                    as l(order_id, line_no, product_id, quantity, unit_price, line_total)
                  join upserted u on u.id = l.order_id
            ), surplus as (
                delete from cdc_processed.order_items old
                 using upserted u
                 where old.order_id = u.id
                   and not exists (select from lines l where l.order_id = old.order_id and l.line_no = old.line_no)
            )
            insert into cdc_processed.order_items
                   (order_id, line_no, product_id, quantity, unit_price, line_total,
                    cdc_operation, cdc_timestamp, synced_at)
            select * from lines
                on conflict (order_id, line_no) do update
               set product_id = excluded.product_id, quantity = excluded.quantity, unit_price = excluded.unit_price,
                   line_total = excluded.line_total, cdc_operation = excluded.cdc_operation,
                   cdc_timestamp = excluded.cdc_timestamp, synced_at = excluded.synced_at
            """;

    private static final String DELETE = """
            with gone as (
                select * from unnest(?::uuid[], ?::bigint[], ?::timestamptz[]) as g(id, version, cdc_timestamp)
            ), remembered as (
                insert into cdc_processed.deletions as d (aggregate, id, version, cdc_timestamp, synced_at)
                select 'order', g.id, g.version, g.cdc_timestamp, clock_timestamp() from gone g
                    on conflict (aggregate, id) do update
                   set version = excluded.version, cdc_timestamp = excluded.cdc_timestamp,
                       synced_at = excluded.synced_at
                 where excluded.version > d.version
            ), removed as (
                delete from cdc_processed.orders o using gone g
                 where o.id = g.id and o.version <= g.version
                returning o.id
            )
            delete from cdc_processed.order_items i using removed r where i.order_id = r.id
            """;

    /**
     * Applies the changes as if one by one, in the caller's transaction.
     *
     * @return what became of each change, in the same order
     */
    public List<Effect> apply(Connection connection, List<? extends Change> changes) throws SQLException {
        if (changes.isEmpty()) {
            return List.of();
        }
        var fold = new OrderFold(stored(connection, changes));
        List<Effect> effects = new ArrayList<>(changes.size());
        for (Change change : changes) {
            effects.add(fold.take(change));
        }
        upsert(connection, fold.upserts());
        delete(connection, fold.deletions());
        return effects;
    }

    private static Map<UUID, OrderFold.Stored> stored(Connection connection, List<? extends Change> changes)
            throws SQLException {
        List<UUID> ids = changes.stream().map(Change::id).distinct().toList();
        Map<UUID, OrderFold.Stored> stored = HashMap.newHashMap(ids.size());
        try (PreparedStatement statement = connection.prepareStatement(STORED)) {
            setArray(statement, 1, "uuid", ids, id -> id);
            try (ResultSet row = statement.executeQuery()) {
                while (row.next()) {
                    long rowVersion = row.getLong("row_version");
                    boolean present = !row.wasNull();
                    long version = Math.max(rowVersion, row.getLong("deleted_version"));
                    stored.put(row.getObject("id", UUID.class), new OrderFold.Stored(version, present));
                }
            }
        }
        return stored;
    }

    private record Line(UUID orderId, int lineNo, OrderImage.Item item) {}

    private static void upsert(Connection connection, List<Envelope> upserts) throws SQLException {
        if (upserts.isEmpty()) {
            return;
        }
        List<OrderImage> images = new ArrayList<>(upserts.size());
        List<Line> lines = new ArrayList<>(upserts.size() * 2);
        for (Envelope upsert : upserts) {
            OrderImage image = Objects.requireNonNull(upsert.after());
            images.add(image);
            for (int i = 0; i < image.items().size(); i++) {
                lines.add(new Line(image.id(), i + 1, image.items().get(i)));
            }
        }
        try (PreparedStatement statement = connection.prepareStatement(UPSERT)) {
            setArray(statement, 1, "uuid", images, OrderImage::id);
            setArray(statement, 2, "uuid", images, OrderImage::customerId);
            setArray(statement, 3, "text", images, image -> image.status().name());
            setArray(statement, 4, "text", images, OrderImage::currency);
            setArray(statement, 5, "numeric", images, OrderImage::total);
            setArray(statement, 6, "timestamptz", images, OrderImage::createdAt);
            setArray(statement, 7, "timestamptz", images, OrderImage::updatedAt);
            setArray(statement, 8, "int8", images, OrderImage::version);
            setArray(statement, 9, "text", upserts, upsert -> upsert.op().code());
            setArray(statement, 10, "timestamptz", upserts, Envelope::committedAt);
            setArray(statement, 11, "uuid", lines, Line::orderId);
            setArray(statement, 12, "int4", lines, Line::lineNo);
            setArray(statement, 13, "uuid", lines, line -> line.item().productId());
            setArray(statement, 14, "int4", lines, line -> line.item().quantity());
            setArray(statement, 15, "numeric", lines, line -> line.item().unitPrice());
            setArray(statement, 16, "numeric", lines, line -> line.item().lineTotal());
            statement.executeUpdate();
        }
    }

    private static void delete(Connection connection, List<OrderFold.Deletion> deletions) throws SQLException {
        if (deletions.isEmpty()) {
            return;
        }
        try (PreparedStatement statement = connection.prepareStatement(DELETE)) {
            setArray(statement, 1, "uuid", deletions, OrderFold.Deletion::id);
            setArray(statement, 2, "int8", deletions, OrderFold.Deletion::version);
            setArray(statement, 3, "timestamptz", deletions, OrderFold.Deletion::committedAt);
            statement.executeUpdate();
        }
    }

    private interface Column<T> {
        @Nullable Object of(T row);
    }

    private static <T> void setArray(
            PreparedStatement statement, int parameter, String type, Collection<T> rows, Column<T> column)
            throws SQLException {
        @Nullable Object[] values = new @Nullable Object[rows.size()];
        int i = 0;
        for (T row : rows) {
            Object value = column.of(row);
            // the driver writes an element by its toString, and PostgreSQL reads ISO-8601
            values[i++] = value instanceof Instant instant ? instant.toString() : value;
        }
        statement.setArray(parameter, statement.getConnection().createArrayOf(type, values));
    }
}
