package dev.afterimage.cli.service;

import dev.afterimage.cli.service.Findings.Level;
import java.time.Duration;

/**
 * The limits above which the status is CRIT.
 *
 * @param maxBehind maximum age of the oldest record that a consumer has not read
 * @param maxWalBytes how much log a replication slot may retain
 */
public record Thresholds(Duration maxBehind, long maxWalBytes) {

    Level behind(long millis) {
        return level(millis, maxBehind.toMillis());
    }

    Level wal(long bytes) {
        return level(bytes, maxWalBytes);
    }

    private static Level level(long value, long max) {
        return value > max ? Level.CRIT : value > max / 2 ? Level.WARN : Level.OK;
    }
}
