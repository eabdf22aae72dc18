package dev.afterimage.shop.customer;

import dev.afterimage.shop.http.Answers;
import dev.afterimage.shop.http.Query;
import dev.afterimage.shop.http.Refusal;
import io.quarkus.logging.Log;
import io.smallrye.common.annotation.RunOnVirtualThread;
import jakarta.validation.Valid;
import jakarta.validation.constraints.NotNull;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.POST;
import jakarta.ws.rs.Path;
import java.util.List;
import java.util.UUID;
import org.jboss.resteasy.reactive.RestPath;
import org.jboss.resteasy.reactive.RestQuery;
import org.jboss.resteasy.reactive.RestResponse;
import org.jspecify.annotations.Nullable;

@Path("/customers")
@RunOnVirtualThread
public class CustomerResource {
    private final CustomerCommands commands;
    private final Customers customers;

    public CustomerResource(CustomerCommands commands, Customers customers) {
        this.commands = commands;
        this.customers = customers;
    }

    @POST
    public RestResponse<CustomerImage> register(@NotNull @Valid RegisterCustomer request) {
        var customer = commands.register(request);
        Log.infof("customer registered customerId=%s version=%d", customer.id(), customer.version());
        return Answers.created(CustomerResource.class, customer);
    }

    @GET
    @Path("/{id}")
    public RestResponse<CustomerImage> one(@RestPath UUID id) {
        var customer = customers.findByIdOptional(id).orElseThrow(() -> new Refusal.UnknownId("customer", id));
        return Answers.ok(customer.image());
    }

    @GET
    public List<CustomerImage> newest(@RestQuery @Nullable String limit) {
        return customers.newest(Query.limit(limit)).stream()
                .map(Customer::image)
                .toList();
    }
}
