package dev.afterimage.projection.view.order;

import static dev.afterimage.projection.view.order.Orders.WITH_CUSTOMERS;

import dev.afterimage.projection.sql.Database;
import dev.afterimage.projection.view.Arrivals;
import dev.afterimage.projection.view.Cursor;
import dev.afterimage.projection.view.Filter;
import dev.afterimage.projection.view.ViewResource;
import dev.afterimage.projection.web.Paging;
import dev.afterimage.projection.web.Roles;
import io.smallrye.common.annotation.RunOnVirtualThread;
import io.vertx.core.http.HttpServerRequest;
import jakarta.annotation.security.RolesAllowed;
import jakarta.validation.constraints.Digits;
import jakarta.validation.constraints.Max;
import jakarta.validation.constraints.Min;
import jakarta.ws.rs.DefaultValue;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.core.Context;
import jakarta.ws.rs.core.HttpHeaders;
import jakarta.ws.rs.core.MediaType;
import java.math.BigDecimal;
import java.time.Duration;
import java.util.List;
import java.util.UUID;
import org.eclipse.microprofile.openapi.annotations.Operation;
import org.eclipse.microprofile.openapi.annotations.parameters.Parameter;
import org.hibernate.validator.constraints.time.DurationMax;
import org.jboss.resteasy.reactive.RestPath;
import org.jboss.resteasy.reactive.RestQuery;
import org.jboss.resteasy.reactive.RestResponse;
import org.jspecify.annotations.Nullable;

/** The read model of orders over HTTP. */
@Path("/orders")
@Produces(MediaType.APPLICATION_JSON)
@RunOnVirtualThread
@RolesAllowed(Roles.READ)
public class OrderResource extends ViewResource<OrderView> {

    OrderResource(Database database, Arrivals arrivals) {
        super(WITH_CUSTOMERS, database, arrivals);
    }

    @GET
    @Path("/{id}")
    @Operation(
            operationId = "showOrder",
            summary = "Show an order",
            description = "Includes the customer. The entity tag has the versions of the order and of the customer.")
    public RestResponse<OrderView> get(
            @RestPath UUID id,
            @RestQuery @Nullable Long minVersion,
            @RestQuery @DefaultValue(DEFAULT_WAIT) @DurationMax(seconds = MAX_WAIT_S) Duration wait,
            @Context HttpHeaders headers)
            throws InterruptedException {
        return one(id, minVersion, wait, headers);
    }

    @GET
    @Operation(operationId = "listOrders", summary = "List orders, the newest first")
    public RestResponse<List<OrderView>> list(
            @Parameter(description = "Only orders with this status") @RestQuery @Nullable OrderStatus status,
            @Parameter(description = "Only orders of this customer") @RestQuery @Nullable UUID customerId,
            @Parameter(description = "Minimum total of an order")
                    @RestQuery
                    @Nullable @Digits(integer = 17, fraction = 2) BigDecimal minTotal,
            @RestQuery @DefaultValue(Paging.DEFAULT) @Min(1) @Max(Paging.MAX) int limit,
            @RestQuery @Nullable Cursor after,
            @Context HttpServerRequest request) {
        var filter = new Filter()
                .and("status = ?", status == null ? null : status.name())
                .and("customer_id = ?", customerId)
                .and("total >= ?", minTotal);
        return page(filter, limit, after, request);
    }
}
