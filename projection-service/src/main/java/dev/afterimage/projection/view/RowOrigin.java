package dev.afterimage.projection.view;

import dev.afterimage.projection.sql.Sql;
import io.quarkus.runtime.annotations.RegisterForReflection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;

/**
 * The origin of a row.
 *
 * @param operation the op of the event: c, u or r
 * @param timestamp when the source committed the event
 * @param syncedAt when the event was applied
 */
@RegisterForReflection
public record RowOrigin(String operation, Instant timestamp, Instant syncedAt) {

    public static RowOrigin of(ResultSet row) throws SQLException {
        return new RowOrigin(
                row.getString("cdc_operation"), Sql.instant(row, "cdc_timestamp"), Sql.instant(row, "synced_at"));
    }
}
