package dev.afterimage.shop.order;

import dev.afterimage.shop.idempotency.Idempotency;
import dev.afterimage.shop.web.ApiDocument;
import dev.afterimage.shop.web.Caller;
import dev.afterimage.shop.web.Preconditions;
import dev.afterimage.shop.web.Query;
import dev.afterimage.shop.web.Refusal;
import dev.afterimage.shop.web.Responses;
import io.quarkus.logging.Log;
import io.smallrye.common.annotation.RunOnVirtualThread;
import io.vertx.core.http.HttpServerRequest;
import jakarta.annotation.security.RolesAllowed;
import jakarta.validation.Valid;
import jakarta.validation.constraints.NotNull;
import jakarta.ws.rs.DELETE;
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

    @POST
    @RolesAllowed(Caller.WRITE)
    @Produces(MediaType.APPLICATION_JSON)
    @Operation(operationId = "placeOrder", summary = "Place an order at the current prices of the products")
    @APIResponseSchema(value = OrderImage.class, responseCode = "201", responseDescription = "The new order")
    public RestResponse<?> place(
            @NotNull @Valid PlaceOrder request, @RestHeader(Idempotency.HEADER) @Nullable String key) {
        return idempotency.once(key, "POST /orders", request, () -> {
            var order = commands.place(request);
            Log.infof("order placed orderId=%s version=%d", order.id(), order.version());
            return Responses.created(OrderResource.class, order);
        });
    }

    @GET
    @RolesAllowed(Caller.READ)
    @Path("/{id}")
    @Operation(operationId = "showOrder", summary = "Show an order")
    public RestResponse<OrderImage> one(@RestPath UUID id, @Context HttpHeaders headers) {
        var order = orders.show(id).orElseThrow(() -> new Refusal.UnknownId(Orders.AGGREGATE, id));
        return Responses.ok(Orders.AGGREGATE, order.image(), headers);
    }

    @GET
    @RolesAllowed(Caller.READ)
    @Operation(operationId = "listOrders", summary = "List orders, the newest first")
    public RestResponse<List<OrderImage>> newest(
            @Parameter(
                            description = "Only orders with this status",
                            schema = @Schema(implementation = OrderStatus.class))
                    @RestQuery
                    @Nullable String status,
            @Parameter(description = "Only orders of this customer", schema = @Schema(implementation = UUID.class))
                    @RestQuery
                    @Nullable String customerId,
            @RestQuery @Nullable String limit,
            @RestQuery @Nullable String after,
            @Context HttpServerRequest request) {
        var rows = Query.limit(limit);
        var found = orders.newest(
                Query.constant("status", OrderStatus.class, status),
                Query.id("customerId", customerId),
                Query.id(Query.AFTER, after),
                rows + 1);
        return Responses.page(found.stream().map(Order::image).toList(), rows, request);
    }

    @PUT
    @RolesAllowed(Caller.WRITE)
    @Path("/{id}/items")
    @Operation(
            operationId = "changeOrderItems",
            summary = "Replace the lines of a pending order",
            description = "A product that the order already has keeps its price; a new product gets its current price.")
    @Extension(name = ApiDocument.CONFLICTS, value = "ITEMS_FIXED")
    public RestResponse<OrderImage> changeItems(
            @RestPath UUID id, @NotNull @Valid ChangeItems request, @Context HttpHeaders headers) {
        var order = commands.changeItems(id, request.items(), Preconditions.of(headers));
        Log.infof("order items set orderId=%s version=%d", id, order.version());
        return Responses.ok(order);
    }

    @PUT
    @RolesAllowed(Caller.WRITE)
    @Path("/{id}/status")
    @Operation(
            operationId = "changeOrderStatus",
            summary = "Set the status of an order",
            description = "From PENDING to PAID, SHIPPED, DELIVERED in this sequence; to CANCELLED before SHIPPED."
                    + " The current status is no change.")
    @Extension(name = ApiDocument.CONFLICTS, value = "TRANSITION_NOT_ALLOWED")
    public RestResponse<OrderImage> changeStatus(
            @RestPath UUID id, @NotNull @Valid ChangeStatus request, @Context HttpHeaders headers) {
        var order = commands.changeStatus(id, request.status(), Preconditions.of(headers));
        Log.infof("order status set orderId=%s version=%d status=%s", id, order.version(), order.status());
        return Responses.ok(order);
    }

    @POST
    @RolesAllowed(Caller.WRITE)
    @Produces(MediaType.APPLICATION_JSON)
    @Path("/cancellations")
    @Operation(
            operationId = "cancelOrders",
            summary = "Cancel a customer's cancellable orders",
            description = "At most the 100 oldest, all or none. The answer says whether there are more.")
    @APIResponseSchema(value = Cancellations.class, responseCode = "200", responseDescription = "The cancelled orders")
    public RestResponse<?> cancel(
            @NotNull @Valid CancelOrders request, @RestHeader(Idempotency.HEADER) @Nullable String key) {
        return idempotency.once(key, "POST /orders/cancellations", request, () -> {
            var done = commands.cancel(request.customerId());
            Log.infof(
                    "orders cancelled customerId=%s count=%d",
                    request.customerId(), done.cancelled().size());
            return RestResponse.ok(done);
        });
    }

    @DELETE
    @RolesAllowed(Caller.WRITE)
    @Path("/{id}")
    @Operation(operationId = "deleteOrder", summary = "Delete an order")
    public void delete(@RestPath UUID id, @Context HttpHeaders headers) {
        commands.delete(id, Preconditions.of(headers));
        Log.infof("order deleted orderId=%s", id);
    }
}
