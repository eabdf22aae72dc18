package dev.afterimage.projection.view.customer;

import static dev.afterimage.projection.view.customer.CustomerView.CUSTOMERS;

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
import org.eclipse.microprofile.openapi.annotations.Operation;
import org.eclipse.microprofile.openapi.annotations.parameters.Parameter;
import org.eclipse.microprofile.openapi.annotations.responses.APIResponseSchema;
import org.jspecify.annotations.Nullable;

/** The read model of customers over HTTP. */
@Path("/customers")
@Produces(MediaType.APPLICATION_JSON)
@RunOnVirtualThread
public class CustomerResource {

    private final Responses answers;

    CustomerResource(Responses answers) {
        this.answers = answers;
    }

    @GET
    @Path("/{id}")
    @Operation(operationId = "showCustomer", summary = "Show a customer")
    @APIResponseSchema(value = CustomerView.class, responseDescription = "The customer")
    public Response get(
            @PathParam("id") String id,
            @QueryParam("minVersion") @Nullable String minVersion,
            @QueryParam("wait") @Nullable String wait,
            @Context HttpHeaders headers)
            throws InterruptedException {
        return answers.one(CUSTOMERS, id, minVersion, wait, headers);
    }

    @GET
    @Operation(operationId = "listCustomers", summary = "List customers, the newest first")
    @APIResponseSchema(value = CustomerView[].class, responseDescription = "A page")
    public Response list(
            @Parameter(description = "Only the customer with this email, ignoring case") @QueryParam("email") @Nullable String email,
            @QueryParam("limit") @Nullable String limit,
            @QueryParam("after") @Nullable String after,
            @Context HttpServerRequest request) {
        var filter = new Filter().by("lower(email) = lower(?)", "email", email, Parameters::text, "must be text");
        return answers.page(CUSTOMERS, filter, limit, after, request);
    }
}
