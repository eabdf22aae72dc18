package dev.afterimage.projection.feed;

import dev.afterimage.projection.sql.DatabaseAway;
import dev.afterimage.projection.sql.Sql;
import io.quarkus.logging.Log;
import io.smallrye.health.api.Wellness;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.inject.Produces;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.List;
import javax.sql.DataSource;
import org.apache.kafka.common.TopicPartition;
import org.eclipse.microprofile.health.HealthCheck;
import org.eclipse.microprofile.health.HealthCheckResponse;

/** The table {@code cdc_raw.gaps}: gaps that nobody has acknowledged. */
@ApplicationScoped
class Gaps {

    /** The event log lacks the records too, so it is complete from here on only. */
    private static final String ADD = """
            with gap as (
                insert into cdc_raw.gaps (topic, partition, from_offset, to_offset, cause) values (?, ?, ?, ?, ?)
            )
            update cdc_raw.positions set logged_from = greatest(logged_from, ?) where topic = ? and partition = ?
            """;

    private final DataSource dataSource;
    private final DataSource probes;

    Gaps(DataSource dataSource, @io.quarkus.agroal.DataSource("probes") DataSource probes) {
        this.dataSource = dataSource;
        this.probes = probes;
    }

    /** Adds a gap in the caller's transaction, and logs it. */
    void add(Connection connection, TopicPartition partition, long from, long to, Gap.Cause cause) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(ADD)) {
            statement.setString(1, partition.topic());
            statement.setInt(2, partition.partition());
            statement.setLong(3, from);
            statement.setLong(4, to);
            statement.setString(5, cause.name());
            statement.setLong(6, to);
            statement.setString(7, partition.topic());
            statement.setInt(8, partition.partition());
            statement.executeUpdate();
        }
        Log.errorf(
                "Records are missing: %s (see /gaps) topic=%s partition=%d offset=%d next=%d",
                cause.description(), partition.topic(), partition.partition(), from, to);
    }

    /** The gaps, the newest first, at most 100. */
    List<Gap> newest() {
        return newest(dataSource);
    }

    private static List<Gap> newest(DataSource dataSource) {
        try (Connection connection = dataSource.getConnection();
                PreparedStatement statement =
                        connection.prepareStatement("select * from cdc_raw.gaps order by id desc limit 100");
                ResultSet rows = statement.executeQuery()) {
            return Sql.Reader.ofEach(row -> new Gap(
                            row.getLong("id"),
                            row.getString("topic"),
                            row.getInt("partition"),
                            row.getLong("from_offset"),
                            row.getLong("to_offset"),
                            Gap.Cause.valueOf(row.getString("cause")),
                            Sql.instant(row, "found_at")))
                    .read(rows);
        } catch (SQLException e) {
            throw new DatabaseAway(e);
        }
    }

    /** Removes the gap; false if it does not exist. */
    boolean acknowledge(long id) {
        try (Connection connection = dataSource.getConnection();
                PreparedStatement statement = connection.prepareStatement("delete from cdc_raw.gaps where id = ?")) {
            statement.setLong(1, id);
            return statement.executeUpdate() == 1;
        } catch (SQLException e) {
            throw new DatabaseAway(e);
        }
    }

    /** Down until each gap is acknowledged. */
    @Produces
    @Wellness
    HealthCheck well() {
        return () -> {
            var check = HealthCheckResponse.named("feed gaps");
            List<Gap> gaps = newest(probes);
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
