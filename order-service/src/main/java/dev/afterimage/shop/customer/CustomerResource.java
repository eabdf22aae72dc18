package dev.afterimage.shop.customer;

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
import org.eclipse.microprofile.openapi.annotations.parameters.Parameter;
import org.eclipse.microprofile.openapi.annotations.responses.APIResponseSchema;
import org.eclipse.microprofile.openapi.annotations.tags.Tag;
import org.jboss.resteasy.reactive.RestHeader;
import org.jboss.resteasy.reactive.RestPath;
import org.jboss.resteasy.reactive.RestQuery;
import org.jboss.resteasy.reactive.RestResponse;
import org.jspecify.annotations.Nullable;

@Path("/customers")
@RunOnVirtualThread
@Tag(name = "customers", description = "The customers who place orders")
public class CustomerResource {

    private final CustomerCommands commands;
    private final Customers customers;
    private final Idempotency idempotency;

    public CustomerResource(CustomerCommands commands, Customers customers, Idempotency idempotency) {
        this.commands = commands;
        this.customers = customers;
        this.idempotency = idempotency;
    }

    @POST
    @RolesAllowed(Roles.WRITE)
    @Produces(MediaType.APPLICATION_JSON)
    @Operation(operationId = "registerCustomer", summary = "Register a customer")
    @APIResponseSchema(value = CustomerImage.class, responseCode = "201", responseDescription = "The new customer")
    @Extension(name = ProblemType.DECLARED, value = "DUPLICATE")
    public RestResponse<?> register(
            @NotNull @Valid CustomerDetails details,
            @RestHeader(GuardingHeaders.IDEMPOTENCY_KEY) @Nullable String key) {
        return idempotency
                .once(key, "POST /customers", details, () -> {
                    var customer = commands.register(details);
                    Log.infof("customer registered customerId=%s version=%d", customer.id(), customer.version());
                    return Answer.created("/customers", customer.id(), customer.version(), customer);
                })
                .response();
    }

    @GET
    @RolesAllowed(Roles.READ)
    @Path("/{id}")
    @Operation(operationId = "showCustomer", summary = "Show a customer")
    public RestResponse<CustomerImage> one(@RestPath UUID id, @Context HttpHeaders headers) {
        var customer = customers
                .findByIdOptional(id)
                .map(Customer::image)
                .orElseThrow(() -> Refusal.unknownId(Customers.AGGREGATE, id));
        return Responses.ok(Customers.AGGREGATE, customer, customer.version(), customer.version(), headers);
    }

    @GET
    @RolesAllowed(Roles.READ)
    @Operation(operationId = "listCustomers", summary = "List customers, the newest first")
    public RestResponse<List<CustomerImage>> newest(
            @Parameter(description = "Only the customer with this email (any case)") @RestQuery @Nullable String email,
            @RestQuery @DefaultValue(Paging.DEFAULT) @Min(1) @Max(Paging.MAX) int limit,
            @RestQuery @Nullable UUID after,
            @Context HttpServerRequest request) {
        var found = customers.newest(email, after, limit + 1);
        return Responses.page(found.stream().map(Customer::image).toList(), limit, CustomerImage::id, request);
    }

    @PUT
    @RolesAllowed(Roles.WRITE)
    @Path("/{id}")
    @Operation(
            operationId = "changeCustomer",
            summary = "Change a customer",
            description = "The same details are no change: the version stays, and no event is published.")
    @Extension(name = ProblemType.DECLARED, value = "DUPLICATE")
    public RestResponse<CustomerImage> change(
            @RestPath UUID id, @NotNull @Valid CustomerDetails details, @Context HttpHeaders headers) {
        var customer = commands.change(id, details, Preconditions.of(headers));
        Log.infof("customer changed customerId=%s version=%d", id, customer.version());
        return Responses.ok(customer, customer.version());
    }

    @DELETE
    @RolesAllowed(Roles.WRITE)
    @Path("/{id}")
    @Operation(operationId = "deleteCustomer", summary = "Delete a customer")
    @Extension(name = ProblemType.DECLARED, value = "IN_USE")
    public void delete(@RestPath UUID id, @Context HttpHeaders headers) {
        commands.delete(id, Preconditions.of(headers));
        Log.infof("customer deleted customerId=%s", id);
    }
}
