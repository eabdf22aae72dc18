package dev.afterimage.shop.product;

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

@Path("/products")
@RunOnVirtualThread
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
    public RestResponse<?> offer(
            @NotNull @Valid ProductDetails details, @RestHeader(Idempotency.HEADER) @Nullable String key) {
        return idempotency.once(key, "POST /products", details, () -> {
            var product = commands.offer(details);
            Log.infof("product offered productId=%s version=%d", product.id(), product.version());
            return Answers.created(ProductResource.class, product);
        });
    }

    @GET
    @RolesAllowed(Caller.READ)
    @Path("/{id}")
    public RestResponse<ProductImage> one(@RestPath UUID id, @Context Request request) {
        var product = products.findByIdOptional(id).orElseThrow(() -> new Refusal.UnknownId(Products.AGGREGATE, id));
        return Answers.ok(product.image(), request);
    }

    @GET
    @RolesAllowed(Caller.READ)
    public RestResponse<List<ProductImage>> newest(
            @RestQuery @Nullable String sku,
            @RestQuery @Nullable String limit,
            @RestQuery @Nullable String after,
            @Context UriInfo uri) {
        var rows = Query.limit(limit);
        var found = products.newest(sku, Query.id(Query.AFTER, after), rows + 1);
        return Answers.page(found.stream().map(Product::image).toList(), rows, uri);
    }

    @PUT
    @RolesAllowed(Caller.WRITE)
    @Path("/{id}")
    public RestResponse<ProductImage> change(
            @RestPath UUID id,
            @NotNull @Valid ProductDetails details,
            @RestHeader(IfMatch.HEADER) @Nullable String ifMatch) {
        var product = commands.change(id, details, IfMatch.of(ifMatch));
        Log.infof("product changed productId=%s version=%d", id, product.version());
        return Answers.ok(product);
    }

    @DELETE
    @RolesAllowed(Caller.ADMIN)
    @Path("/{id}")
    public void delete(@RestPath UUID id, @RestHeader(IfMatch.HEADER) @Nullable String ifMatch) {
        commands.delete(id, IfMatch.of(ifMatch));
        Log.infof("product deleted productId=%s", id);
    }
}
