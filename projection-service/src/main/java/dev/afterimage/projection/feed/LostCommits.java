package dev.afterimage.projection.feed;

import dev.afterimage.projection.sql.RoundTrip;
import io.quarkus.agroal.DataSource;
import io.quarkus.logging.Log;
import io.quarkus.scheduler.Scheduled;
import jakarta.enterprise.context.ApplicationScoped;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Map;
import org.apache.kafka.common.TopicPartition;

/**
 * Notices that PostgreSQL crashed and lost its last commits. Without new records no batch would notice that.
 *
 * <p>Once a second it compares the positions in the database with the offsets that were applied a second ago. By
 * default, PostgreSQL has a commit on disk after at most 0.6 s.
 *
 * @see <a href="https://www.postgresql.org/docs/18/wal-async-commit.html">Asynchronous Commit</a>
 */
@ApplicationScoped
class LostCommits {

    private final javax.sql.DataSource dataSource;
    private final Positions positions;
    private final Assignment assignment;
    /** What was applied at the last check; only for the job. */
    private volatile Map<TopicPartition, Long> settled = Map.of();

    private volatile Map<TopicPartition, Long> checked = Map.of();

    LostCommits(@DataSource("probes") javax.sql.DataSource dataSource, Positions positions, Assignment assignment) {
        this.dataSource = dataSource;
        this.positions = positions;
        this.assignment = assignment;
    }

    @Scheduled(every = "1s", concurrentExecution = Scheduled.ConcurrentExecution.SKIP)
    void check() {
        if (!settled.equals(checked)) {
            var reads = new RoundTrip();
            Map<TopicPartition, Long> stored = positions.read(reads, settled.keySet());
            try (Connection connection = dataSource.getConnection()) {
                reads.run(connection);
            } catch (SQLException e) {
                Log.debugf("The database does not tell the positions: %s", e.getMessage());
                return; // compares the same offsets a second later
            }
            Map<TopicPartition, Long> now = assignment.nextOffsets();
            settled.forEach((partition, next) -> {
                long found = stored.getOrDefault(partition, 0L);
                if (found < next && next <= now.getOrDefault(partition, -1L)) {
                    Log.warnf(
                            "Going back to the position in the database, which has lost commits topic=%s partition=%d"
                                    + " offset=%d next=%d",
                            partition.topic(), partition.partition(), found, next);
                    assignment.setBack(partition, Duration.ZERO);
                }
            });
            checked = settled;
        }
        settled = assignment.nextOffsets();
    }
}
