package dev.afterimage.projection.eventlog;

import io.quarkus.logging.Log;
import io.quarkus.scheduler.Scheduled;
import io.quarkus.scheduler.Scheduled.ConcurrentExecution;
import jakarta.enterprise.context.ApplicationScoped;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Clock;
import java.time.Duration;
import java.time.LocalDate;
import java.time.ZoneOffset;
import javax.sql.DataSource;
import org.eclipse.microprofile.config.inject.ConfigProperty;

/**
 * Drops the partitions of the event log that are older than {@code eventlog.retention}, and creates the next day's
 * partition in advance.
 */
@ApplicationScoped
class Retention {

    private final DataSource dataSource;
    private final Duration keep;

    Retention(DataSource dataSource, @ConfigProperty(name = "eventlog.retention", defaultValue = "90D") Duration keep) {
        if (keep.compareTo(Duration.ofDays(2)) < 0) {
            throw new IllegalArgumentException("eventlog.retention is at least 2 days, not " + keep);
        }
        this.dataSource = dataSource;
        this.keep = keep;
    }

    @Scheduled(every = "10m", delayed = "1m", concurrentExecution = ConcurrentExecution.SKIP)
    void look() {
        try {
            run(Clock.systemUTC());
        } catch (SQLException e) {
            Log.warnf("event log retention failed, retrying in ten minutes: %s", e.getMessage());
        }
    }

    /** Returns the number of dropped days. */
    int run(Clock clock) throws SQLException {
        LocalDate today = LocalDate.ofInstant(clock.instant(), ZoneOffset.UTC);
        try (Connection connection = dataSource.getConnection()) {
            try (PreparedStatement open = connection.prepareStatement("select cdc_raw.open_day(?)")) {
                open.setObject(1, today.plusDays(1));
                open.execute();
            }
            try (PreparedStatement drop = connection.prepareStatement("select cdc_raw.drop_days_before(?)")) {
                drop.setObject(1, today.minusDays(keep.toDays()));
                try (ResultSet row = drop.executeQuery()) {
                    row.next();
                    int dropped = row.getInt(1);
                    if (dropped > 0) {
                        Log.infof("event log days dropped count=%d before=%s", dropped, today.minusDays(keep.toDays()));
                    }
                    return dropped;
                }
            }
        }
    }
}
