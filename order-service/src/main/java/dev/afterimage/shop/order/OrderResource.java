package dev.afterimage.shop.order;

import dev.afterimage.shop.http.Answers;
import dev.afterimage.shop.http.Caller;
import dev.afterimage.shop.http.Idempotency;
import dev.afterimage.shop.http.IfMatch;
import dev.afterimage.shop.http.Query;
import dev.afterimage.shop.http.Refusal;
import io.quarkus.logging.Log;
import io.smallrye.common.annotation.RunOnVirtualThread;
import jakarta.annotation.security.RolesAllowed;
import jakarta.validation.Valid;
import jakarta.validation.constraints.NotNull;
import jakarta.ws.rs.DELETE;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.POST;
import jakarta.ws.rs.PUT;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.core.Context;
import jakarta.ws.rs.core.Request;
import jakarta.ws.rs.core.UriInfo;
import java.util.List;
import java.util.UUID;
import org.jboss.resteasy.reactive.RestHeader;
import org.jboss.resteasy.reactive.RestPath;
import org.jboss.resteasy.reactive.RestQuery;
import org.jboss.resteasy.reactive.RestResponse;
import org.jspecify.annotations.Nullable;

@Path("/orders")
@RunOnVirtualThread
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
    public RestResponse<?> place(
            @NotNull @Valid PlaceOrder request, @RestHeader(Idempotency.HEADER) @Nullable String key) {
        return idempotency.once(key, "POST /orders", request, () -> {
            var order = commands.place(request);
            Log.infof("order placed orderId=%s version=%d", order.id(), order.version());
            return Answers.created(OrderResource.class, order);
        });
    }

    @GET
    @RolesAllowed(Caller.READ)
    @Path("/{id}")
    public RestResponse<OrderImage> one(@RestPath UUID id, @Context Request request) {
        var order = orders.show(id).orElseThrow(() -> new Refusal.UnknownId(Orders.AGGREGATE, id));
        return Answers.ok(order.image(), request);
    }

    @GET
    @RolesAllowed(Caller.READ)
    public RestResponse<List<OrderImage>> newest(
            @RestQuery @Nullable String status,
            @RestQuery @Nullable String customerId,
            @RestQuery @Nullable String limit,
            @RestQuery @Nullable String after,
            @Context UriInfo uri) {
        var rows = Query.limit(limit);
        var found = orders.newest(
                Query.constant("status", OrderStatus.class, status),
                Query.id("customerId", customerId),
                Query.id(Query.AFTER, after),
                rows + 1);
        return Answers.page(found.stream().map(Order::image).toList(), rows, uri);
    }

    @PUT
    @RolesAllowed(Caller.WRITE)
    @Path("/{id}/items")
    public RestResponse<OrderImage> changeItems(
            @RestPath UUID id,
            @NotNull @Valid ChangeItems request,
            @RestHeader(IfMatch.HEADER) @Nullable String ifMatch) {
        var order = commands.changeItems(id, request.items(), IfMatch.of(ifMatch));
        Log.infof("order items set orderId=%s version=%d", id, order.version());
        return Answers.ok(order);
    }

    @PUT
    @RolesAllowed(Caller.WRITE)
    @Path("/{id}/status")
    public RestResponse<OrderImage> changeStatus(
            @RestPath UUID id,
            @NotNull @Valid ChangeStatus request,
            @RestHeader(IfMatch.HEADER) @Nullable String ifMatch) {
        var order = commands.changeStatus(id, request.status(), IfMatch.of(ifMatch));
        Log.infof("order status set orderId=%s version=%d status=%s", id, order.version(), order.status());
        return Answers.ok(order);
    }

    @POST
    @RolesAllowed(Caller.WRITE)
    @Path("/cancellations")
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
    public void delete(@RestPath UUID id, @RestHeader(IfMatch.HEADER) @Nullable String ifMatch) {
        commands.delete(id, IfMatch.of(ifMatch));
        Log.infof("order deleted orderId=%s", id);
    }
}
