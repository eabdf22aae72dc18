package dev.afterimage.shop.web;

import static dev.afterimage.shop.Shop.changeStatus;
import static dev.afterimage.shop.Shop.customer;
import static dev.afterimage.shop.Shop.get;
import static dev.afterimage.shop.Shop.order;
import static dev.afterimage.shop.Shop.orderOf;
import static dev.afterimage.shop.Shop.product;
import static dev.afterimage.shop.Shop.put;
import static io.restassured.RestAssured.given;
import static org.awaitility.Awaitility.await;

import dev.afterimage.shop.Gate;
import dev.afterimage.testing.Database;
import io.restassured.response.ExtractableResponse;
import io.restassured.response.Response;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.Callable;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Calls that produce each documented answer of the service. */
final class Calls {

    private static final Iterator<String> AGGREGATES = Stream.iterate(List.of("customer", "product"), List::reversed)
            .map(List::getFirst)
            .iterator();

    private Calls() {}

    /** By operation: a call that succeeds, with new data each time. */
    static final Map<String, Supplier<Call>> GOOD = Map.ofEntries(
            Map.entry("registerCustomer", () -> Call.of("POST", "/customers").body(aCustomer())),
            Map.entry("listCustomers", () -> Call.of("GET", "/customers")),
            Map.entry("showCustomer", () -> Call.of("GET", "/customers/" + customer())),
            Map.entry("changeCustomer", () -> Call.of("PUT", "/customers/" + customer())
                    .body(aCustomer())),
            Map.entry("deleteCustomer", () -> Call.of("DELETE", "/customers/" + customer())),
            Map.entry("offerProduct", () -> Call.of("POST", "/products").body(aProduct())),
            Map.entry("listProducts", () -> Call.of("GET", "/products")),
            Map.entry("showProduct", () -> Call.of("GET", "/products/" + product("1.00"))),
            Map.entry("changeProduct", () -> Call.of("PUT", "/products/" + product("1.00"))
                    .body(aProduct())),
            Map.entry("deleteProduct", () -> Call.of("DELETE", "/products/" + product("1.00"))),
            Map.entry("placeOrder", () -> Call.of("POST", "/orders").body(orderOf(customer(), product("1.00"), 1))),
            Map.entry("listOrders", () -> Call.of("GET", "/orders")),
            Map.entry("showOrder", () -> Call.of("GET", "/orders/" + order())),
            Map.entry("changeOrderItems", () -> Call.of("PUT", "/orders/%s/items".formatted(order()))
                    .body("""
                            {"items": [{"productId": "%s", "quantity": 3}]}""".formatted(product("2.00")))),
            Map.entry("changeOrderStatus", () -> Call.of("PUT", "/orders/%s/status".formatted(order()))
                    .body("{\"status\": \"PAID\"}")),
            Map.entry("cancelOrders", () -> Call.of("POST", "/orders/cancellations")
                    .body("{\"customerId\": \"%s\"}".formatted(anOrder().<String>path("customerId")))),
            Map.entry("deleteOrder", () -> Call.of("DELETE", "/orders/" + order())),
            Map.entry("startSnapshot", Calls::aSnapshot),
            Map.entry(
                    "showSnapshot",
                    () -> Call.of(
                            "GET",
                            "/snapshots/"
                                    + aSnapshot()
                                            .send()
                                            .then()
                                            .statusCode(202)
                                            .extract()
                                            .path("id"))));

    /** By cause: changes a good call so that it gets this answer. */
    static final Map<String, Spoiler> SPOILED = Map.ofEntries(
            Map.entry("304", good -> {
                var call = good.get();
                return call.with("If-None-Match", call.send().header("ETag")).send();
            }),
            Map.entry("invalid-request", good -> invalid(good.get()).send()),
            Map.entry(
                    "malformed-json",
                    good -> good.get().body("{\"customerId\": oops}").send()),
            Map.entry(
                    "unknown-id",
                    good -> good.get().id(UUID.randomUUID().toString()).send()),
            Map.entry(
                    "not-acceptable",
                    good -> good.get().with("Accept", "application/xml").send()),
            Map.entry("duplicate", good -> {
                var first = good.get();
                first.send();
                return good.get().body(first.body()).send();
            }),
            Map.entry(
                    "version-moved",
                    good -> good.get().with("If-Match", "\"99\"").send()),
            Map.entry(
                    "body-too-large",
                    good -> good.get().body(" ".repeat(256 * 1024 + 1)).send()),
            Map.entry(
                    "unsupported-media-type",
                    good -> good.get().with("Content-Type", "text/plain").send()),
            Map.entry("key-reused", good -> {
                var key = UUID.randomUUID().toString();
                good.get().with(GuardingHeaders.IDEMPOTENCY_KEY, key).send();
                return good.get().with(GuardingHeaders.IDEMPOTENCY_KEY, key).send();
            }),
            Map.entry("collision", good -> {
                var call = good.get();
                // raises the error of a deadlock, because not every operation can be brought into a real one
                Database.ofService().execute("""
                        create function collide() returns trigger language plpgsql as
                        $$ begin raise exception 'deadlock detected' using errcode = '40P01'; end $$;
                        create trigger collide before insert on outbox execute function collide();
                        create trigger collide before insert on snapshots execute function collide()
                        """);
                try {
                    return call.send();
                } finally {
                    Database.ofService().execute("drop function collide() cascade");
                }
            }));

    /** By operation and cause: answers of one operation only. */
    static final Map<String, Callable<Response>> SPECIAL = Map.of(
            "deleteCustomer in-use",
            () -> Call.of("DELETE", "/customers/" + anOrder().path("customerId"))
                    .send(),
            "deleteProduct in-use",
            () -> Call.of("DELETE", "/products/" + anOrder().path("items[0].productId"))
                    .send(),
            "changeOrderItems items-fixed",
            () -> put("/orders/%s/items".formatted(paid()), """
                    {"items": [{"productId": "%s", "quantity": 1}]}
                    """.formatted(product("1.00"))),
            "changeOrderStatus transition-not-allowed",
            () -> changeStatus(paid(), "DELIVERED"),
            "startSnapshot snapshot-running",
            () -> {
                order();
                var call = aSnapshot().body("{\"aggregate\": \"order\"}");
                try (var gate = Gate.behindOutboxRows("new.payload ->> 'op' = 'r'")) {
                    call.send();
                    gate.awaitWaiting(1);
                    return call.send();
                }
            });

    /** Sends a good call so that it gets another answer. */
    interface Spoiler {

        Response spoil(Supplier<Call> good) throws Exception;
    }

    /** A request that is not sent yet. */
    record Call(
            String method,
            String path,
            Map<String, String> headers,
            @Nullable String body) {

        static Call of(String method, String path) {
            return new Call(method, path, Map.of(), null);
        }

        Call body(@Nullable String body) {
            return new Call(method, path, headers, body).with("Content-Type", "application/json");
        }

        Call path(String path) {
            return new Call(method, path, headers, body);
        }

        /** The same call with another id in its path. */
        Call id(String id) {
            return path(path.replaceFirst("[0-9a-f-]{36}", id));
        }

        Call with(String name, String value) {
            var more = new HashMap<>(headers);
            more.put(name, value);
            return new Call(method, path, more, body);
        }

        Response send() {
            var request = given().headers(headers);
            return (body == null ? request : request.body(body)).request(method, path);
        }
    }

    /** The same call with an unknown field, an id in another form, or a parameter out of range. */
    private static Call invalid(Call call) {
        if (call.body() != null) {
            return call.body("{\"surprise\": 1}");
        }
        var isOne = call.path().matches(".*/[0-9a-f-]{36}");
        return isOne ? call.id("nobody") : call.path(call.path() + "?limit=0");
    }

    private static String aCustomer() {
        return "{\"name\": \"Grace\", \"email\": \"grace-%s@example.com\"}".formatted(UUID.randomUUID());
    }

    private static String aProduct() {
        return "{\"sku\": \"%s\", \"name\": \"Lamp\", \"price\": 5.25}".formatted(UUID.randomUUID());
    }

    private static ExtractableResponse<Response> anOrder() {
        return get("/orders/" + order()).extract();
    }

    private static String paid() {
        var order = order();
        changeStatus(order, "PAID").then().statusCode(200);
        return order;
    }

    private static Call aSnapshot() {
        await().until(() -> !snapshotRuns());
        return Call.of("POST", "/snapshots").body("{\"aggregate\": \"%s\"}".formatted(AGGREGATES.next()));
    }

    private static boolean snapshotRuns() {
        return Database.ofService().number("select count(*) from snapshots where status = 'RUNNING'") > 0;
    }
}
