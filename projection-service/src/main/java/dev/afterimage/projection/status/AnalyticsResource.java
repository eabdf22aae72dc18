package dev.afterimage.projection.status;

import dev.afterimage.projection.sql.Database;
import dev.afterimage.projection.sql.Sql;
import dev.afterimage.projection.web.Roles;
import io.smallrye.common.annotation.RunOnVirtualThread;
import jakarta.annotation.security.RolesAllowed;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.Path;
import java.util.List;
import org.eclipse.microprofile.openapi.annotations.Operation;

/** Statistics of the orders in the read model. */
@Path("/analytics")
@RunOnVirtualThread
@RolesAllowed(Roles.READ)
public class AnalyticsResource {

    private final Database database;

    AnalyticsResource(Database database) {
        this.database = database;
    }

    @GET
    @Operation(
            operationId = "showAnalytics",
            summary = "Show statistics of the orders, by status and currency",
            description = "Each call computes this from all orders, so its time rises with their number.")
    public List<OrderFigures> get() {
        return database.select(
                "select * from analytics_summary order by status, currency",
                List.of(),
                Sql.Reader.ofEach(OrderFigures::of));
    }
}
