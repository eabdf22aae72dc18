package dev.afterimage.projection.view.order;

import dev.afterimage.projection.http.ProblemType;
import dev.afterimage.projection.view.Arrivals;
import dev.afterimage.projection.view.ReadModelUnavailable;
import io.quarkiverse.resteasy.problem.HttpProblem;
import io.quarkus.logging.Log;
import io.quarkus.runtime.annotations.RegisterForReflection;
import io.smallrye.common.annotation.RunOnVirtualThread;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.PathParam;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.QueryParam;
import jakarta.ws.rs.core.Context;
import jakarta.ws.rs.core.EntityTag;
import jakarta.ws.rs.core.MediaType;
import jakarta.ws.rs.core.Request;
import jakarta.ws.rs.core.Response;
import jakarta.ws.rs.core.UriInfo;
import java.math.BigDecimal;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.function.Function;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.eclipse.microprofile.openapi.annotations.media.Content;
import org.eclipse.microprofile.openapi.annotations.media.Schema;
import org.eclipse.microprofile.openapi.annotations.parameters.Parameter;
import org.eclipse.microprofile.openapi.annotations.responses.APIResponse;
import org.jboss.resteasy.reactive.server.ServerExceptionMapper;
import org.jspecify.annotations.Nullable;

/** The read model of orders over HTTP. */
@Path("/orders")
@Produces(MediaType.APPLICATION_JSON)
public class OrderResource {

    private static final int DEFAULT_LIMIT = 50;
    private static final int MAX_LIMIT = 200;
    private static final Pattern LIMIT = Pattern.compile("[0-9]{1,3}");
    private static final Pattern AMOUNT = Pattern.compile("[0-9]{1,17}(\\.[0-9]{1,2})?");

    private static final Pattern VERSION = Pattern.compile("[0-9]{1,18}");
    private static final Pattern WAIT = Pattern.compile("([0-9]{1,5})(ms|s)");
    private static final Duration DEFAULT_WAIT = Duration.ofSeconds(2);
    private static final Duration MAX_WAIT = Duration.ofSeconds(30);

    private final Orders orders;
    private final Arrivals arrivals;

    OrderResource(Orders orders, Arrivals arrivals) {
        this.orders = orders;
        this.arrivals = arrivals;
    }

    /**
     * One order; its entity tag is its version. With {@code minVersion} the answer waits until that version is applied,
     * so that a client reads its own write.
     */
    @GET
    @Path("/{id}")
    @RunOnVirtualThread
    @APIResponse(
            responseCode = "200",
            description = "the order",
            content = @Content(schema = @Schema(implementation = OrderView.class)))
    @APIResponse(responseCode = "304", description = "still the version of If-None-Match")
    @APIResponse(responseCode = "400", description = "a parameter cannot be read; the answer names it")
    @APIResponse(responseCode = "404", description = "no such order is in the read model, or it was deleted")
    @APIResponse(responseCode = "504", description = "minVersion was not applied within the wait")
    public Response get(
            @PathParam("id") String id,
            @Parameter(description = "wait for this version") @QueryParam("minVersion") @Nullable String minVersion,
            @Parameter(description = "how long to wait, like 500ms or 2s; at most 30s") @QueryParam("wait") @Nullable String wait,
            @Context Request request)
            throws InterruptedException {
        var parameters = new Parameters();
        Long version = parameters.read("minVersion", minVersion, OrderResource::version, "must be a version");
        Duration limit = parameters.readOr(
                DEFAULT_WAIT, "wait", wait, OrderResource::wait, "must be like 500ms or 2s, and at most 30s");
        parameters.throwIfWrong();
        UUID orderId = orderId(id).orElseThrow(OrderResource::notFound);
        if (version == null) {
            return answer(orders.byId(orderId).orElseThrow(OrderResource::notFound), request);
        }
        return await(orderId, version, limit)
                .map(order -> answer(order, request))
                .orElseGet(() -> tooLate(version, limit));
    }

    private static Response answer(OrderView order, Request request) {
        var tag = new EntityTag(Long.toString(order.version()));
        Response.ResponseBuilder unchanged = request.evaluatePreconditions(tag);
        return (unchanged != null ? unchanged : Response.ok(order)).tag(tag).build();
    }

    private Optional<OrderView> await(UUID id, long version, Duration limit) throws InterruptedException {
        long deadline = System.nanoTime() + limit.toNanos();
        try (var waiter = arrivals.expect(id)) {
            while (true) {
                // taken before the look at the table, so that the last look is never older than the deadline
                Duration left = Duration.ofNanos(deadline - System.nanoTime());
                Optional<OrderView> found = orders.byId(id);
                if (found.isPresent() && found.get().version() >= version) {
                    return found;
                }
                if (found.isEmpty() && orders.deletedVersion(id) >= version) {
                    throw notFound();
                }
                if (!left.isPositive()) {
                    return Optional.empty();
                }
                waiter.await(left);
            }
        }
    }

    /** Not thrown: the mapper would log it as a failure of ours, with its stack. */
    private static Response tooLate(long version, Duration limit) {
        return ProblemType.NOT_APPLIED_IN_TIME
                .problem()
                .withDetail(
                        "Version %d of the order was not applied within %d ms.".formatted(version, limit.toMillis()))
                .build()
                .toResponse();
    }

    /** Orders, newest first; the next page is in the {@code Link} header. */
    @GET
    @APIResponse(
            responseCode = "200",
            description = "a page of orders",
            content = @Content(schema = @Schema(implementation = OrderView[].class)))
    @APIResponse(responseCode = "400", description = "a parameter cannot be read; the answer names it")
    public Response list(
            @QueryParam("status") @Nullable String status,
            @QueryParam("customerId") @Nullable String customerId,
            @QueryParam("minTotal") @Nullable String minTotal,
            @QueryParam("limit") @Nullable String limit,
            @QueryParam("after") @Nullable String after,
            @Context UriInfo uri) {
        var parameters = new Parameters();
        var query = new OrderQuery(
                parameters.read("status", status, OrderStatus::valueOf, "must be a status of an order"),
                parameters.read("customerId", customerId, OrderResource::uuid, "must be a UUID"),
                parameters.read("minTotal", minTotal, OrderResource::amount, "must be an amount like 59.80"),
                parameters.readOr(DEFAULT_LIMIT, "limit", limit, OrderResource::limit, "must be 1 to " + MAX_LIMIT),
                parameters.read("after", after, OrderQuery.Cursor::parse, "must come from a Link header"));
        parameters.throwIfWrong();

        Orders.Page page = orders.matching(query);
        var response = Response.ok(page.orders());
        if (page.next() != null) {
            var next = uri.getRequestUriBuilder()
                    .replaceQueryParam("after", page.next().text())
                    .build();
            // without host and scheme, so that it also holds behind a proxy
            response.header("Link", "<" + next.getRawPath() + "?" + next.getRawQuery() + ">; rel=\"next\"");
        }
        return response.build();
    }

    /** While the database is away: a client may come again, and nothing here is broken. */
    @ServerExceptionMapper
    Response unavailable(ReadModelUnavailable e) {
        Log.warnf(
                "%s: %s",
                e.getMessage(), e.getCause() == null ? "" : e.getCause().getMessage());
        return ProblemType.DATABASE_AWAY
                .problem()
                .withDetail("The read model does not answer at the moment.")
                .withHeader("Retry-After", "2")
                .build()
                .toResponse();
    }

    private static Optional<UUID> orderId(String id) {
        try {
            return Optional.of(uuid(id));
        } catch (IllegalArgumentException e) {
            return Optional.empty();
        }
    }

    private static HttpProblem notFound() {
        return ProblemType.UNKNOWN_ID
                .problem()
                .withDetail("No such order is in the read model.")
                .build();
    }

    private static UUID uuid(String text) {
        if (text.length() != 36) { // UUID.fromString also takes 1-1-1-1-1
            throw new IllegalArgumentException("no UUID");
        }
        return UUID.fromString(text);
    }

    private static long version(String text) {
        if (!VERSION.matcher(text).matches()) {
            throw new IllegalArgumentException("no version");
        }
        return Long.parseLong(text);
    }

    private static Duration wait(String text) {
        Matcher matcher = WAIT.matcher(text);
        if (!matcher.matches()) {
            throw new IllegalArgumentException("no duration");
        }
        long amount = Long.parseLong(matcher.group(1));
        Duration wait = matcher.group(2).equals("s") ? Duration.ofSeconds(amount) : Duration.ofMillis(amount);
        if (wait.compareTo(MAX_WAIT) > 0) {
            throw new IllegalArgumentException("too long");
        }
        return wait;
    }

    private static BigDecimal amount(String text) {
        if (!AMOUNT.matcher(text).matches()) {
            throw new IllegalArgumentException("no amount");
        }
        return new BigDecimal(text);
    }

    private static int limit(String text) {
        int limit = LIMIT.matcher(text).matches() ? Integer.parseInt(text) : 0;
        if (limit < 1 || limit > MAX_LIMIT) {
            throw new IllegalArgumentException("no limit");
        }
        return limit;
    }

    /** Reads query parameters and gathers all that are wrong, so that one answer names each. */
    private static final class Parameters {

        @RegisterForReflection
        private record FieldError(String field, String message) {}

        private final List<FieldError> errors = new ArrayList<>();

        <T> @Nullable T read(String name, @Nullable String text, Function<String, T> reader, String rule) {
            if (text == null) {
                return null;
            }
            try {
                return reader.apply(text);
            } catch (IllegalArgumentException e) {
                errors.add(new FieldError(name, rule));
                return null;
            }
        }

        <T> T readOr(T otherwise, String name, @Nullable String text, Function<String, T> reader, String rule) {
            T value = read(name, text, reader, rule);
            return value == null ? otherwise : value;
        }

        void throwIfWrong() {
            if (!errors.isEmpty()) {
                throw ProblemType.INVALID_REQUEST
                        .problem()
                        .withDetail("A query parameter cannot be read.")
                        .with("errors", errors)
                        .build();
            }
        }
    }
}
