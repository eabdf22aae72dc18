package dev.afterimage.projection.view.customer;

import static dev.afterimage.projection.view.customer.CustomerView.CUSTOMERS;

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
import jakarta.validation.constraints.Max;
import jakarta.validation.constraints.Min;
import jakarta.ws.rs.DefaultValue;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.core.Context;
import jakarta.ws.rs.core.HttpHeaders;
import jakarta.ws.rs.core.MediaType;
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

/** The read model of customers over HTTP. */
@Path("/customers")
@Produces(MediaType.APPLICATION_JSON)
@RunOnVirtualThread
@RolesAllowed(Roles.READ)
public class CustomerResource extends ViewResource<CustomerView> {

    CustomerResource(Database database, Arrivals arrivals) {
        super(CUSTOMERS, database, arrivals);
    }

    @GET
    @Path("/{id}")
    @Operation(operationId = "showCustomer", summary = "Show a customer")
    public RestResponse<CustomerView> get(
            @RestPath UUID id,
            @RestQuery @Nullable Long minVersion,
            @RestQuery @DefaultValue(DEFAULT_WAIT) @DurationMax(seconds = MAX_WAIT_S) Duration wait,
            @Context HttpHeaders headers)
            throws InterruptedException {
        return one(id, minVersion, wait, headers);
    }

    @GET
    @Operation(operationId = "listCustomers", summary = "List customers, the newest first")
    public RestResponse<List<CustomerView>> list(
            @Parameter(description = "Only the customer with this email, ignoring case") @RestQuery @Nullable String email,
            @RestQuery @DefaultValue(Paging.DEFAULT) @Min(1) @Max(Paging.MAX) int limit,
            @RestQuery @Nullable Cursor after,
            @Context HttpServerRequest request) {
        var filter = new Filter().and("lower(email) = lower(?)", email);
        return page(filter, limit, after, request);
    }
}
