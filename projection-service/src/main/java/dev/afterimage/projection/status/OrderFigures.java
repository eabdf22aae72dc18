package dev.afterimage.projection.status;

import com.fasterxml.jackson.annotation.JsonFormat;
import dev.afterimage.projection.sql.Sql;
import dev.afterimage.projection.view.order.OrderStatus;
import java.math.BigDecimal;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;

/**
 * Statistics of the orders of one status and currency, a row of {@code analytics_summary}.
 *
 * @param customers the number of different customers
 * @param revenue the sum of the totals
 * @param averageTotal rounded to two decimals
 * @param lastChange when the source committed the latest change of these orders
 * @param lastSynced when the latest change was applied
 */
public record OrderFigures(
        OrderStatus status,
        String currency,
        long orders,
        long customers,
        @JsonFormat(shape = JsonFormat.Shape.STRING) BigDecimal revenue,
        @JsonFormat(shape = JsonFormat.Shape.STRING) BigDecimal averageTotal,
        Instant firstOrder,
        Instant lastOrder,
        Instant lastChange,
        Instant lastSynced) {

    static OrderFigures of(ResultSet row) throws SQLException {
        return new OrderFigures(
                OrderStatus.valueOf(row.getString("status")),
                row.getString("currency"),
                row.getLong("orders"),
                row.getLong("customers"),
                row.getBigDecimal("revenue"),
                row.getBigDecimal("average_total"),
                Sql.instant(row, "first_order"),
                Sql.instant(row, "last_order"),
                Sql.instant(row, "last_change"),
                Sql.instant(row, "last_synced"));
    }
}
