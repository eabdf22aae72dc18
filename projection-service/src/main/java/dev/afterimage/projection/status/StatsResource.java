package dev.afterimage.projection.status;

import static dev.afterimage.projection.change.Operation.CREATE;
import static dev.afterimage.projection.change.Operation.DELETE;
import static dev.afterimage.projection.change.Operation.SNAPSHOT;
import static dev.afterimage.projection.change.Operation.UPDATE;

import dev.afterimage.projection.feed.FeedStatus;
import dev.afterimage.projection.feed.Stage;
import dev.afterimage.projection.sql.Database;
import dev.afterimage.projection.sql.Sql;
import dev.afterimage.projection.view.ReadModel;
import dev.afterimage.projection.web.Roles;
import io.micrometer.core.instrument.MeterRegistry;
import io.quarkus.arc.All;
import io.smallrye.common.annotation.RunOnVirtualThread;
import jakarta.annotation.security.RolesAllowed;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.Path;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.eclipse.microprofile.openapi.annotations.Operation;

/** Shows the numbers of events and rows, the lag and the latency. */
@Path("/stats")
@RunOnVirtualThread
@RolesAllowed(Roles.READ)
public class StatsResource {

    private static final String ROWS = "rows";

    private final Database database;
    private final List<ReadModel<?>> models;
    private final FeedStatus feed;
    private final MeterRegistry metrics;
    private final String counts;

    StatsResource(Database database, @All List<ReadModel<?>> models, FeedStatus feed, MeterRegistry metrics) {
        this.database = database;
        this.models = models;
        this.feed = feed;
        this.metrics = metrics;
        // events are counted when they arrive; rows are counted here, by an index scan
        counts = models.stream()
                .map(model -> "select '%1$s', '%2$s', count(*) from %1$s".formatted(model.table(), ROWS))
                .collect(Collectors.joining(
                        " union all ",
                        "select source_table, operation, events from cdc_raw.cdc_statistics union all ",
                        ""));
    }

    private record Count(String table, String what, long number) {}

    @GET
    @Operation(
            operationId = "showStats",
            summary = "Show the statistics of the service",
            description = "Exact, and of one state of the database. The call counts the rows, so its time rises"
                    + " with their number. `stages` splits `latency`: `commit-to-connect` until Debezium read the change,"
                    + " `connect-to-visible` until this service had the record, `visible-to-applied` until the commit"
                    + " here.")
    public Stats get() {
        Map<String, Map<String, Long>> numbers = database
                .select(
                        counts,
                        List.of(),
                        Sql.Reader.ofEach(row -> new Count(row.getString(1), row.getString(2), row.getLong(3))))
                .stream()
                .collect(Collectors.groupingBy(Count::table, Collectors.toMap(Count::what, Count::number)));
        Map<String, Stats.Aggregate> aggregates = new HashMap<>();
        for (ReadModel<?> model : models) {
            Map<String, Long> own = numbers.getOrDefault(model.table(), Map.of());
            aggregates.put(
                    model.aggregate(),
                    new Stats.Aggregate(
                            own.getOrDefault(CREATE.code(), 0L),
                            own.getOrDefault(UPDATE.code(), 0L),
                            own.getOrDefault(DELETE.code(), 0L),
                            own.getOrDefault(SNAPSHOT.code(), 0L),
                            own.getOrDefault(ROWS, 0L)));
        }
        var latency = metrics.get("feed.commit.to.applied").timer();
        Map<String, Stats.Latency> stages = new LinkedHashMap<>();
        for (Stage stage : Stage.values()) {
            stages.put(
                    stage.label(),
                    Stats.Latency.of(metrics.get("feed.stage")
                            .tag("stage", stage.label())
                            .timer()));
        }
        double replicaAge = metrics.get("replica.lag.age").gauge().value();
        return new Stats(aggregates, feed.progress(), Stats.Latency.of(latency), stages, Math.round(replicaAge * 1000));
    }
}
