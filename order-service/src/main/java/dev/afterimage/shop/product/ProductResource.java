package dev.afterimage.shop.product;

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

@Path("/products")
@RunOnVirtualThread
public class ProductResource {
    private final ProductCommands commands;
    private final Products products;

    public ProductResource(ProductCommands commands, Products products) {
        this.commands = commands;
        this.products = products;
    }

    @POST
    public RestResponse<ProductImage> offer(@NotNull @Valid OfferProduct request) {
        var product = commands.offer(request);
        Log.infof("product offered productId=%s version=%d", product.id(), product.version());
        return Answers.created(ProductResource.class, product);
    }

    @GET
    @Path("/{id}")
    public RestResponse<ProductImage> one(@RestPath UUID id) {
        var product = products.findByIdOptional(id).orElseThrow(() -> new Refusal.UnknownId("product", id));
        return Answers.ok(product.image());
    }

    @GET
    public List<ProductImage> newest(@RestQuery @Nullable String limit) {
        return products.newest(Query.limit(limit)).stream().map(Product::image).toList();
    }
}
