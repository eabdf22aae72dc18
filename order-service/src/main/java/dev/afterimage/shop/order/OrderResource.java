package dev.afterimage.shop.order;

import dev.afterimage.shop.Refusal;
import dev.afterimage.shop.idempotency.Idempotency;
import dev.afterimage.shop.web.Answer;
import dev.afterimage.shop.web.GuardingHeaders;
import dev.afterimage.shop.web.Paging;
import dev.afterimage.shop.web.Preconditions;
import dev.afterimage.shop.web.ProblemType;
import dev.afterimage.shop.web.Responses;
import dev.afterimage.shop.web.Roles;
import io.quarkus.logging.Log;
import io.smallrye.common.annotation.RunOnVirtualThread;
import io.vertx.core.http.HttpServerRequest;
import jakarta.annotation.security.RolesAllowed;
import jakarta.validation.Valid;
import jakarta.validation.constraints.Max;
import jakarta.validation.constraints.Min;
import jakarta.validation.constraints.NotNull;
import jakarta.validation.constraints.Size;
import jakarta.ws.rs.DELETE;
import jakarta.ws.rs.DefaultValue;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.POST;
import jakarta.ws.rs.PUT;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.core.Context;
import jakarta.ws.rs.core.HttpHeaders;
import jakarta.ws.rs.core.MediaType;
import java.util.List;
import java.util.UUID;
import org.eclipse.microprofile.openapi.annotations.Operation;
import org.eclipse.microprofile.openapi.annotations.extensions.Extension;
import org.eclipse.microprofile.openapi.annotations.media.Schema;
import org.eclipse.microprofile.openapi.annotations.parameters.Parameter;
import org.eclipse.microprofile.openapi.annotations.responses.APIResponseSchema;
import org.eclipse.microprofile.openapi.annotations.tags.Tag;
import org.jboss.resteasy.reactive.RestHeader;
import org.jboss.resteasy.reactive.RestPath;
import org.jboss.resteasy.reactive.RestQuery;
import org.jboss.resteasy.reactive.RestResponse;
import org.jspecify.annotations.Nullable;

@Path("/orders")
@RunOnVirtualThread
@Tag(name = "orders", description = "The orders of customers, at the prices of the time of order")
public class OrderResource {

    private final OrderCommands commands;
    private final Orders orders;
    private final Idempotency idempotency;

    public OrderResource(OrderCommands commands, Orders orders, Idempotency idempotency) {
        this.commands = commands;
        this.orders = orders;
        this.idempotency = idempotency;
    }

    /** The body of {@code PUT /orders/{id}/items}: the new lines, which replace all lines of the order. */
    @Schema(examples = """
            {"items": [{"productId": "0199f2a4-7c10-7b3e-9d55-1f0c6a2b8e02", "quantity": 3}]}
            """)
    public record ChangeItems(
            @NotNull @Size(min = 1, max = RequestedItem.MAX_ITEMS) List<@NotNull @Valid RequestedItem> items) {}

    /** The body of {@code PUT /orders/{id}/status}. */
    @Schema(examples = """
            {"status": "PAID"}
            """)
    public record ChangeStatus(@NotNull OrderStatus status) {}

    /** The body of {@code POST /orders/cancellations}: the customer whose orders are cancelled. */
    @Schema(examples = """
            {"customerId": "0199f2a4-7c10-7b3e-9d55-1f0c6a2b8e01"}
            """)
    public record CancelOrders(@NotNull UUID customerId) {}

    @POST
    @RolesAllowed(Roles.WRITE)
    @Produces(MediaType.APPLICATION_JSON)
    @Operation(operationId = "placeOrder", summary = "Place an order at the current prices of the products")
    @APIResponseSchema(value = OrderImage.class, responseCode = "201", responseDescription = "The new order")
    public RestResponse<?> place(
            @NotNull @Valid PlaceOrder request, @RestHeader(GuardingHeaders.IDEMPOTENCY_KEY) @Nullable String key) {
        return idempotency
                .once(key, "POST /orders", request, () -> {
                    var order = commands.place(request);
                    Log.infof("order placed orderId=%s version=%d", order.id(), order.version());
                    return Answer.created("/orders", order.id(), order.version(), order);
                })
                .response();
    }

    @GET
    @RolesAllowed(Roles.READ)
    @Path("/{id}")
    @Operation(operationId = "showOrder", summary = "Show an order")
    public RestResponse<OrderImage> one(@RestPath UUID id, @Context HttpHeaders headers) {
        var order = orders.show(id).map(Order::image).orElseThrow(() -> Refusal.unknownId(Orders.AGGREGATE, id));
        return Responses.ok(Orders.AGGREGATE, order, order.version(), order.version(), headers);
    }

    @GET
    @RolesAllowed(Roles.READ)
    @Operation(operationId = "listOrders", summary = "List orders, the newest first")
    public RestResponse<List<OrderImage>> newest(
            @Parameter(description = "Only orders with this status") @RestQuery @Nullable OrderStatus status,
            @Parameter(description = "Only orders of this customer") @RestQuery @Nullable UUID customerId,
            @RestQuery @DefaultValue(Paging.DEFAULT) @Min(1) @Max(Paging.MAX) int limit,
            @RestQuery @Nullable UUID after,
            @Context HttpServerRequest request) {
        var found = orders.newest(status, customerId, after, limit + 1);
        return Responses.page(found.stream().map(Order::image).toList(), limit, OrderImage::id, request);
    }

    @PUT
    @RolesAllowed(Roles.WRITE)
    @Path("/{id}/items")
    @Operation(
            operationId = "changeOrderItems",
            summary = "Replace the lines of a pending order",
            description = "A product that the order already has keeps its price; a new product gets its current price.")
    @Extension(name = ProblemType.DECLARED, value = "ITEMS_FIXED")
    public RestResponse<OrderImage> changeItems(
            @RestPath UUID id, @NotNull @Valid ChangeItems request, @Context HttpHeaders headers) {
        var order = commands.changeItems(id, request.items(), Preconditions.of(headers));
        Log.infof("order items set orderId=%s version=%d", id, order.version());
        return Responses.ok(order, order.version());
    }

    @PUT
    @RolesAllowed(Roles.WRITE)
    @Path("/{id}/status")
    @Operation(
            operationId = "changeOrderStatus",
            summary = "Set the status of an order",
            description = "From PENDING to PAID, SHIPPED, DELIVERED in this sequence; to CANCELLED before SHIPPED."
                    + " The current status is no change.")
    @Extension(name = ProblemType.DECLARED, value = "TRANSITION_NOT_ALLOWED")
    public RestResponse<OrderImage> changeStatus(
            @RestPath UUID id, @NotNull @Valid ChangeStatus request, @Context HttpHeaders headers) {
        var order = commands.changeStatus(id, request.status(), Preconditions.of(headers));
        Log.infof("order status set orderId=%s version=%d status=%s", id, order.version(), order.status());
        return Responses.ok(order, order.version());
    }

    @POST
    @RolesAllowed(Roles.WRITE)
    @Produces(MediaType.APPLICATION_JSON)
    @Path("/cancellations")
    @Operation(
            operationId = "cancelOrders",
            summary = "Cancel a customer's cancellable orders",
            description = "At most the 100 oldest, all or none. The answer says whether there are more.")
    @APIResponseSchema(value = Cancellations.class, responseCode = "200", responseDescription = "The cancelled orders")
    public RestResponse<?> cancel(
            @NotNull @Valid CancelOrders request, @RestHeader(GuardingHeaders.IDEMPOTENCY_KEY) @Nullable String key) {
        return idempotency
                .once(key, "POST /orders/cancellations", request, () -> {
                    var done = commands.cancel(request.customerId());
                    Log.infof(
                            "orders cancelled customerId=%s count=%d",
                            request.customerId(), done.cancelled().size());
                    return new Answer<>(200, null, null, done);
                })
                .response();
    }

    @DELETE
    @RolesAllowed(Roles.WRITE)
    @Path("/{id}")
    @Operation(operationId = "deleteOrder", summary = "Delete an order")
    public void delete(@RestPath UUID id, @Context HttpHeaders headers) {
        commands.delete(id, Preconditions.of(headers));
        Log.infof("order deleted orderId=%s", id);
    }
}
