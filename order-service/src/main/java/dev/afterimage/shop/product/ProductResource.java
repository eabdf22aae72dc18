package dev.afterimage.shop.product;

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
    @RolesAllowed(Roles.WRITE)
    @Produces(MediaType.APPLICATION_JSON)
    @Operation(operationId = "offerProduct", summary = "Offer a product")
    @APIResponseSchema(value = ProductImage.class, responseCode = "201", responseDescription = "The new product")
    @Extension(name = ProblemType.DECLARED, value = "DUPLICATE")
    public RestResponse<?> offer(
            @NotNull @Valid ProductDetails details, @RestHeader(GuardingHeaders.IDEMPOTENCY_KEY) @Nullable String key) {
        return idempotency
                .once(key, "POST /products", details, () -> {
                    var product = commands.offer(details);
                    Log.infof("product offered productId=%s version=%d", product.id(), product.version());
                    return Answer.created("/products", product.id(), product.version(), product);
                })
                .response();
    }

    @GET
    @RolesAllowed(Roles.READ)
    @Path("/{id}")
    @Operation(operationId = "showProduct", summary = "Show a product")
    public RestResponse<ProductImage> one(@RestPath UUID id, @Context HttpHeaders headers) {
        var product = products.findByIdOptional(id)
                .map(Product::image)
                .orElseThrow(() -> Refusal.unknownId(Products.AGGREGATE, id));
        return Responses.ok(Products.AGGREGATE, product, product.version(), product.version(), headers);
    }

    @GET
    @RolesAllowed(Roles.READ)
    @Operation(operationId = "listProducts", summary = "List products, the newest first")
    public RestResponse<List<ProductImage>> newest(
            @Parameter(description = "Only the product with this sku") @RestQuery @Nullable String sku,
            @RestQuery @DefaultValue(Paging.DEFAULT) @Min(1) @Max(Paging.MAX) int limit,
            @RestQuery @Nullable UUID after,
            @Context HttpServerRequest request) {
        var found = products.newest(sku, after, limit + 1);
        return Responses.page(found.stream().map(Product::image).toList(), limit, ProductImage::id, request);
    }

    @PUT
    @RolesAllowed(Roles.WRITE)
    @Path("/{id}")
    @Operation(
            operationId = "changeProduct",
            summary = "Change a product",
            description = "The same details are no change: the version stays, and no event is published.")
    @Extension(name = ProblemType.DECLARED, value = "DUPLICATE")
    public RestResponse<ProductImage> change(
            @RestPath UUID id, @NotNull @Valid ProductDetails details, @Context HttpHeaders headers) {
        var product = commands.change(id, details, Preconditions.of(headers));
        Log.infof("product changed productId=%s version=%d", id, product.version());
        return Responses.ok(product, product.version());
    }

    @DELETE
    @RolesAllowed(Roles.ADMIN)
    @Path("/{id}")
    @Operation(operationId = "deleteProduct", summary = "Delete a product")
    @Extension(name = ProblemType.DECLARED, value = "IN_USE")
    public void delete(@RestPath UUID id, @Context HttpHeaders headers) {
        commands.delete(id, Preconditions.of(headers));
        Log.infof("product deleted productId=%s", id);
    }
}
