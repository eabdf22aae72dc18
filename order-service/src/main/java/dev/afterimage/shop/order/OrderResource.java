package dev.afterimage.shop.order;

import dev.afterimage.shop.http.Answers;
import dev.afterimage.shop.http.Query;
import dev.afterimage.shop.http.Refusal;
import io.quarkus.logging.Log;
import io.smallrye.common.annotation.RunOnVirtualThread;
import jakarta.validation.Valid;
import jakarta.validation.constraints.NotNull;
import jakarta.ws.rs.DELETE;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.POST;
import jakarta.ws.rs.PUT;
import jakarta.ws.rs.Path;
import java.util.List;
import java.util.UUID;
import org.jboss.resteasy.reactive.RestPath;
import org.jboss.resteasy.reactive.RestQuery;
import org.jboss.resteasy.reactive.RestResponse;
import org.jspecify.annotations.Nullable;

@Path("/orders")
@RunOnVirtualThread
public class OrderResource {
    private final OrderCommands commands;
    private final Orders orders;

    public OrderResource(OrderCommands commands, Orders orders) {
        this.commands = commands;
        this.orders = orders;
    }

    @POST
    public RestResponse<OrderImage> place(@NotNull @Valid PlaceOrder request) {
        var order = commands.place(request);
        Log.infof("order placed orderId=%s version=%d", order.id(), order.version());
        return Answers.created(OrderResource.class, order);
    }

    @GET
    @Path("/{id}")
    public RestResponse<OrderImage> one(@RestPath UUID id) {
        return Answers.ok(orders.show(id)
                .orElseThrow(() -> new Refusal.UnknownId("order", id))
                .image());
    }

    @GET
    public List<OrderImage> newest(
            @RestQuery @Nullable String status,
            @RestQuery @Nullable String customerId,
            @RestQuery @Nullable String limit) {
        return orders
                .newest(
                        Query.constant("status", OrderStatus.class, status),
                        Query.id("customerId", customerId),
                        Query.limit(limit))
                .stream()
                .map(Order::image)
                .toList();
    }

    @PUT
    @Path("/{id}/status")
    public RestResponse<OrderImage> changeStatus(@RestPath UUID id, @NotNull @Valid ChangeStatus request) {
        var order = commands.changeStatus(id, request.status());
        Log.infof("order status set orderId=%s version=%d status=%s", id, order.version(), order.status());
        return Answers.ok(order);
    }

    @DELETE
    @Path("/{id}")
    public void delete(@RestPath UUID id) {
        commands.delete(id);
        Log.infof("order deleted orderId=%s", id);
    }
}
