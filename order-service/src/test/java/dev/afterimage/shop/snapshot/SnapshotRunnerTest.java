package dev.afterimage.shop.snapshot;

import static org.assertj.core.api.Assertions.assertThat;

import java.sql.SQLException;
import org.junit.jupiter.api.Test;

class SnapshotRunnerTest {

    @Test
    void namesTheSqlStateOfAFailureAndNoDataOfCustomers() {
        var failure = new IllegalStateException(
                "rolled back", new SQLException("permission denied for Ada Lovelace", "42501"));
        assertThat(SnapshotRunner.describe(failure))
                .isEqualTo("IllegalStateException, caused by SQLException sqlState=42501");
    }
}
