package dev.afterimage.shop.product;

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
import org.eclipse.microprofile.openapi.annotations.parameters.Parameter;
import org.eclipse.microprofile.openapi.annotations.responses.APIResponseSchema;
import org.eclipse.microprofile.openapi.annotations.tags.Tag;
import org.jboss.resteasy.reactive.RestHeader;
import org.jboss.resteasy.reactive.RestPath;
import org.jboss.resteasy.reactive.RestQuery;
import org.jboss.resteasy.reactive.RestResponse;
import org.jspecify.annotations.Nullable;

@Path("/products")
@RunOnVirtualThread
@Tag(name = "products", description = "The products for sale")
public class ProductResource {
    private final ProductCommands commands;
    private final Products products;
    private final Idempotency idempotency;

    public ProductResource(ProductCommands commands, Products products, Idempotency idempotency) {
        this.commands = commands;
        this.products = products;
        this.idempotency = idempotency;
    }

    @POST
    @RolesAllowed(Caller.WRITE)
    @Produces(MediaType.APPLICATION_JSON)
    @Operation(operationId = "offerProduct", summary = "Offer a product")
    @APIResponseSchema(value = ProductImage.class, responseCode = "201", responseDescription = "The new product")
    @Extension(name = ApiDocument.CONFLICTS, value = "DUPLICATE")
    public RestResponse<?> offer(
            @NotNull @Valid ProductDetails details, @RestHeader(Idempotency.HEADER) @Nullable String key) {
        return idempotency.once(key, "POST /products", details, () -> {
            var product = commands.offer(details);
            Log.infof("product offered productId=%s version=%d", product.id(), product.version());
            return Responses.created(ProductResource.class, product);
        });
    }

    @GET
    @RolesAllowed(Caller.READ)
    @Path("/{id}")
    @Operation(operationId = "showProduct", summary = "Show a product")
    public RestResponse<ProductImage> one(@RestPath UUID id, @Context HttpHeaders headers) {
        var product = products.findByIdOptional(id).orElseThrow(() -> new Refusal.UnknownId(Products.AGGREGATE, id));
        return Responses.ok(Products.AGGREGATE, product.image(), headers);
    }

    @GET
    @RolesAllowed(Caller.READ)
    @Operation(operationId = "listProducts", summary = "List products, the newest first")
    public RestResponse<List<ProductImage>> newest(
            @Parameter(description = "Only the product with this sku") @RestQuery @Nullable String sku,
            @RestQuery @Nullable String limit,
            @RestQuery @Nullable String after,
            @Context HttpServerRequest request) {
        var rows = Query.limit(limit);
        var found = products.newest(Query.text("sku", sku), Query.id(Query.AFTER, after), rows + 1);
        return Responses.page(found.stream().map(Product::image).toList(), rows, request);
    }

    @PUT
    @RolesAllowed(Caller.WRITE)
    @Path("/{id}")
    @Operation(
            operationId = "changeProduct",
            summary = "Change a product",
            description = "The same details are no change: the version stays, and no event is published.")
    @Extension(name = ApiDocument.CONFLICTS, value = "DUPLICATE")
    public RestResponse<ProductImage> change(
            @RestPath UUID id, @NotNull @Valid ProductDetails details, @Context HttpHeaders headers) {
        var product = commands.change(id, details, Preconditions.of(headers));
        Log.infof("product changed productId=%s version=%d", id, product.version());
        return Responses.ok(product);
    }

    @DELETE
    @RolesAllowed(Caller.ADMIN)
    @Path("/{id}")
    @Operation(operationId = "deleteProduct", summary = "Delete a product")
    @Extension(name = ApiDocument.CONFLICTS, value = "IN_USE")
    public void delete(@RestPath UUID id, @Context HttpHeaders headers) {
        commands.delete(id, Preconditions.of(headers));
        Log.infof("product deleted productId=%s", id);
    }
}
