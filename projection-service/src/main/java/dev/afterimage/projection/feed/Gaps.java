package dev.afterimage.projection.feed;

import dev.afterimage.projection.sql.DatabaseAway;
import dev.afterimage.projection.sql.Sql;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.binder.MeterBinder;
import io.quarkus.logging.Log;
import io.smallrye.health.api.Wellness;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.inject.Produces;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import javax.sql.DataSource;
import org.apache.kafka.common.TopicPartition;
import org.eclipse.microprofile.health.HealthCheck;
import org.eclipse.microprofile.health.HealthCheckResponse;

/** The table {@code cdc_raw.gaps}: gaps that nobody has acknowledged. */
@ApplicationScoped
public class Gaps implements MeterBinder {

    private static final String ADD =
            "insert into cdc_raw.gaps (topic, partition, from_offset, to_offset, cause) values (?, ?, ?, ?, ?)";

    private static final String ADD_DELETED = """
            insert into cdc_raw.gaps (topic, partition, from_offset, to_offset, cause)
            select p.topic, p.partition, p.next_offset, p.next_offset, 'DELETED'
              from cdc_raw.positions p
             where p.topic = ?
             order by p.partition
                on conflict (topic, partition) where cause = 'DELETED' do nothing
            """;

    /** A tombstone is no loss, and the sink does not commit its offset until the next record. */
    private static final String ADD_OF_REPLICA = """
            with gap (topic, partition, from_offset, to_offset) as (values (?, ?, ?::bigint, ?::bigint))
            insert into cdc_raw.gaps (topic, partition, from_offset, to_offset, cause)
            select gap.*, 'REPLICA'
              from gap
             where exists (
                   select from cdc_raw.cdc_events e
                    where e.kafka_topic = gap.topic and e.kafka_partition = gap.partition
                      and e.kafka_offset >= gap.from_offset and e.kafka_offset < gap.to_offset
                      and e.operation <> 'tombstone')
               and not exists (
                   select from cdc_raw.gaps g
                    where g.topic = gap.topic and g.partition = gap.partition
                      and g.from_offset = gap.from_offset and g.cause = 'REPLICA')
            """;

    /** It may have passed the gap, or read records of both logs. */
    private static final String END_REBUILD = """
            update cdc_raw.rebuilds
               set status = 'FAILED', ended_at = clock_timestamp(),
                   error = 'Records of ' || ? || ' are missing, see /gaps. Start the rebuild again.'
             where status = 'RUNNING' and ? like '%.events'
            """;

    /** The database is queried at most once per interval, however often the metrics are scraped. */
    private static final Duration COUNT_INTERVAL = Duration.ofSeconds(5);

    private final DataSource dataSource;
    private final DataSource probes;
    private double count = Double.NaN;
    private long countedAtNanos = System.nanoTime() - COUNT_INTERVAL.toNanos();

    Gaps(DataSource dataSource, @io.quarkus.agroal.DataSource("probes") DataSource probes) {
        this.dataSource = dataSource;
        this.probes = probes;
    }

    /** Adds a gap in the caller's transaction, logs it, and ends a rebuild that is running. */
    void add(Connection connection, TopicPartition partition, long from, long to, Gap.Cause cause) throws SQLException {
        Sql.run(connection, ADD, partition.topic(), partition.partition(), from, to, cause.name());
        Sql.run(connection, END_REBUILD, partition.topic(), partition.topic());
        log(partition, from, to, cause);
    }

    private static void log(TopicPartition partition, long from, long to, Gap.Cause cause) {
        Log.errorf(
                "Records are missing: %s (see /gaps) topic=%s partition=%d offset=%d next=%d",
                cause.description(), partition.topic(), partition.partition(), from, to);
    }

    /** Adds a gap for each partition of the topic that has a position, unless there is one already. */
    void addDeleted(String topic) throws SQLException {
        try (Connection connection = dataSource.getConnection()) {
            if (Sql.run(connection, ADD_DELETED, topic) > 0) {
                Log.errorf("Records are missing: %s (see /gaps) topic=%s", Gap.Cause.DELETED.description(), topic);
            }
        }
    }

    /**
     * Adds a gap of the replica, unless there is one already, or the event log has no record in it.
     *
     * @param next the offset that the replica's sink reads next
     * @param first the first offset that is left
     */
    public void addOfReplica(TopicPartition partition, long next, long first) {
        try (Connection connection = dataSource.getConnection()) {
            if (Sql.run(connection, ADD_OF_REPLICA, partition.topic(), partition.partition(), next, first) > 0) {
                log(partition, next, first, Gap.Cause.REPLICA);
            }
        } catch (SQLException e) {
            throw new DatabaseAway(e);
        }
    }

    /** The gaps, the newest first, at most 100. */
    List<Gap> newest() {
        return newest(dataSource);
    }

    private static List<Gap> newest(DataSource dataSource) {
        Sql.Reader<Gap> reader = Sql.Reader.ofEach(row -> new Gap(
                row.getLong("id"),
                row.getString("topic"),
                row.getInt("partition"),
                row.getLong("from_offset"),
                row.getLong("to_offset"),
                Gap.Cause.valueOf(row.getString("cause")),
                Sql.instant(row, "found_at")));
        try (Connection connection = dataSource.getConnection()) {
            return Sql.select(connection, "select * from cdc_raw.gaps order by id desc limit 100", reader);
        } catch (SQLException e) {
            throw new DatabaseAway(e);
        }
    }

    /** Removes the gap; false if it does not exist. */
    boolean acknowledge(long id) {
        try (Connection connection = dataSource.getConnection()) {
            return Sql.run(connection, "delete from cdc_raw.gaps where id = ?", id) == 1;
        } catch (SQLException e) {
            throw new DatabaseAway(e);
        }
    }

    @Override
    public void bindTo(MeterRegistry registry) {
        Gauge.builder("feed.gaps", this, Gaps::count)
                .description("gaps that nobody has acknowledged; NaN while the database is away")
                .strongReference(true)
                .register(registry);
    }

    private synchronized double count() {
        if (System.nanoTime() - countedAtNanos >= COUNT_INTERVAL.toNanos()) {
            try (Connection connection = probes.getConnection()) {
                count = Sql.first(connection, "select count(*) from cdc_raw.gaps", row -> row.getLong(1))
                        .orElseThrow();
            } catch (SQLException e) {
                count = Double.NaN;
            }
            countedAtNanos = System.nanoTime();
        }
        return count;
    }

    /** Down until each gap is acknowledged, and while the database does not say whether there is one. */
    @Produces
    @Wellness
    HealthCheck well() {
        return () -> {
            var check = HealthCheckResponse.named("feed gaps");
            List<Gap> gaps;
            try {
                gaps = newest(probes);
            } catch (DatabaseAway e) {
                return check.withData("state", "the database does not answer")
                        .down()
                        .build();
            }
            gaps.stream()
                    .limit(10)
                    .forEach(gap -> check.withData(
                            "%s/%d".formatted(gap.topic(), gap.partition()),
                            "offsets %d to %d: %s"
                                    .formatted(
                                            gap.fromOffset(),
                                            gap.toOffset(),
                                            gap.cause().description())));
            return check.status(gaps.isEmpty()).build();
        };
    }
}
