package dev.afterimage.projection.view.product;

import static dev.afterimage.projection.view.product.ProductView.PRODUCTS;

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

/** The read model of products over HTTP. */
@Path("/products")
@Produces(MediaType.APPLICATION_JSON)
@RunOnVirtualThread
public class ProductResource {

    private final Responses answers;

    ProductResource(Responses answers) {
        this.answers = answers;
    }

    @GET
    @Path("/{id}")
    @Operation(operationId = "showProduct", summary = "Show a product")
    @APIResponseSchema(value = ProductView.class, responseDescription = "The product")
    public Response get(
            @PathParam("id") String id,
            @QueryParam("minVersion") @Nullable String minVersion,
            @QueryParam("wait") @Nullable String wait,
            @Context HttpHeaders headers)
            throws InterruptedException {
        return answers.one(PRODUCTS, id, minVersion, wait, headers);
    }

    @GET
    @Operation(operationId = "listProducts", summary = "List products, the newest first")
    @APIResponseSchema(value = ProductView[].class, responseDescription = "A page")
    public Response list(
            @Parameter(description = "Only the product with this sku") @QueryParam("sku") @Nullable String sku,
            @QueryParam("limit") @Nullable String limit,
            @QueryParam("after") @Nullable String after,
            @Context HttpServerRequest request) {
        var filter = new Filter().by("sku = ?", "sku", sku, Parameters::text, "must be text");
        return answers.page(PRODUCTS, filter, limit, after, request);
    }
}
