package dev.afterimage.projection.view.order;

import static dev.afterimage.projection.view.order.Orders.WITH_CUSTOMERS;

import dev.afterimage.projection.view.Filter;
import dev.afterimage.projection.view.Responses;
import dev.afterimage.projection.web.Parameters;
import io.smallrye.common.annotation.RunOnVirtualThread;
import io.vertx.core.http.HttpServerRequest;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.PathParam;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.QueryParam;
import jakarta.ws.rs.core.Context;
import jakarta.ws.rs.core.HttpHeaders;
import jakarta.ws.rs.core.MediaType;
import jakarta.ws.rs.core.Response;
import java.math.BigDecimal;
import java.util.regex.Pattern;
import org.eclipse.microprofile.openapi.annotations.Operation;
import org.eclipse.microprofile.openapi.annotations.parameters.Parameter;
import org.eclipse.microprofile.openapi.annotations.responses.APIResponseSchema;
import org.jspecify.annotations.Nullable;

/** The read model of orders over HTTP. */
@Path("/orders")
@Produces(MediaType.APPLICATION_JSON)
@RunOnVirtualThread
public class OrderResource {

    private static final Pattern AMOUNT = Pattern.compile("[0-9]{1,17}(\\.[0-9]{1,2})?");

    private final Responses answers;

    OrderResource(Responses answers) {
        this.answers = answers;
    }

    @GET
    @Path("/{id}")
    @Operation(
            operationId = "showOrder",
            summary = "Show an order",
            description = "Includes the customer. The entity tag has the versions of the order and of the customer.")
    @APIResponseSchema(value = OrderView.class, responseDescription = "The order")
    public Response get(
            @PathParam("id") String id,
            @QueryParam("minVersion") @Nullable String minVersion,
            @QueryParam("wait") @Nullable String wait,
            @Context HttpHeaders headers)
            throws InterruptedException {
        return answers.one(WITH_CUSTOMERS, id, minVersion, wait, headers);
    }

    @GET
    @Operation(operationId = "listOrders", summary = "List orders, the newest first")
    @APIResponseSchema(value = OrderView[].class, responseDescription = "A page")
    public Response list(
            @Parameter(description = "Only orders with this status") @QueryParam("status") @Nullable String status,
            @Parameter(description = "Only orders of this customer") @QueryParam("customerId") @Nullable String customerId,
            @Parameter(description = "Minimum total of an order") @QueryParam("minTotal") @Nullable String minTotal,
            @QueryParam("limit") @Nullable String limit,
            @QueryParam("after") @Nullable String after,
            @Context HttpServerRequest request) {
        var filter = new Filter()
                .by("status = ?", "status", status, OrderResource::status, "must be a status of an order")
                .by("customer_id = ?", "customerId", customerId, Parameters::uuid, "must be a UUID")
                .by("total >= ?", "minTotal", minTotal, OrderResource::amount, "must be an amount like 59.80");
        return answers.page(WITH_CUSTOMERS, filter, limit, after, request);
    }

    private static String status(String text) {
        return OrderStatus.valueOf(text).name();
    }

    private static BigDecimal amount(String text) {
        if (!AMOUNT.matcher(text).matches()) {
            throw new IllegalArgumentException("no amount");
        }
        return new BigDecimal(text);
    }
}
