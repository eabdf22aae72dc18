package dev.afterimage.projection.view.product;

import static dev.afterimage.projection.view.product.ProductView.PRODUCTS;

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

/** The read model of products over HTTP. */
@Path("/products")
@Produces(MediaType.APPLICATION_JSON)
@RunOnVirtualThread
@RolesAllowed(Roles.READ)
public class ProductResource extends ViewResource<ProductView> {

    ProductResource(Database database, Arrivals arrivals) {
        super(PRODUCTS, database, arrivals);
    }

    @GET
    @Path("/{id}")
    @Operation(operationId = "showProduct", summary = "Show a product")
    public RestResponse<ProductView> get(
            @RestPath UUID id,
            @RestQuery @Nullable Long minVersion,
            @RestQuery @DefaultValue(DEFAULT_WAIT) @DurationMax(seconds = MAX_WAIT_S) Duration wait,
            @Context HttpHeaders headers)
            throws InterruptedException {
        return one(id, minVersion, wait, headers);
    }

    @GET
    @Operation(operationId = "listProducts", summary = "List products, the newest first")
    public RestResponse<List<ProductView>> list(
            @Parameter(description = "Only the product with this sku") @RestQuery @Nullable String sku,
            @RestQuery @DefaultValue(Paging.DEFAULT) @Min(1) @Max(Paging.MAX) int limit,
            @RestQuery @Nullable Cursor after,
            @Context HttpServerRequest request) {
        var filter = new Filter().and("sku = ?", sku);
        return page(filter, limit, after, request);
    }
}
