package dev.afterimage.cli.service;

import com.fasterxml.jackson.databind.JsonNode;
import dev.afterimage.cli.service.RestService.Answer;
import dev.afterimage.stack.StackException;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;

/** Makes changes through order-service: each change is committed together with its outbox event. */
public final class RestShopClient implements ShopClient {

    private final RestService orders;

    public RestShopClient(RestService orders) {
        this.orders = orders;
    }

    @Override
    public String topic(Kind kind) {
        return kind + ".events";
    }

    @Override
    public String addCustomer(String name, String email) {
        return add("/customers", Map.of("name", name, "email", email));
    }

    @Override
    public String addProduct(String sku, String name, String price) {
        return add("/products", Map.of("sku", sku, "name", name, "price", price));
    }

    @Override
    public String addOrder(String customer, String product, int quantity) {
        return add(
                "/orders",
                Map.of("customerId", customer, "items", List.of(Map.of("productId", product, "quantity", quantity))));
    }

    private String add(String path, Map<String, ?> body) {
        return RestService.expect(201, orders.post(path, body)).path("id").asText();
    }

    /** The path of a resource; encodes the id, because a user may type any text. */
    private static String path(Kind kind, String id) {
        return "/" + kind.plural() + "/" + URLEncoder.encode(id, StandardCharsets.UTF_8);
    }

    /** Returns the answer, unless there is nothing with that id. */
    private static Answer known(Kind kind, Answer answer) {
        if (answer.status() == 404) {
            throw new StackException(answer.reason() + " infra/afterimage produce show " + kind + " lists the newest.");
        }
        return answer;
    }

    @Override
    public void changeEmail(String customer, String email) {
        JsonNode now = find(Kind.customer, customer);
        RestService.expect(
                200,
                orders.put(
                        path(Kind.customer, customer),
                        Map.of("name", now.path("name").asText(), "email", email)));
    }

    @Override
    public void changeStatus(String order, String status) {
        RestService.expect(
                200, known(Kind.order, orders.put(path(Kind.order, order) + "/status", Map.of("status", status))));
    }

    @Override
    public void delete(Kind kind, String id) {
        RestService.expect(204, known(kind, orders.delete(path(kind, id))));
    }

    @Override
    public JsonNode find(Kind kind, String id) {
        return RestService.expect(200, known(kind, orders.get(path(kind, id))));
    }

    @Override
    public List<JsonNode> newest(Kind kind, int limit) {
        return RestService.expect(200, orders.get("/" + kind.plural() + "?limit=" + limit))
                .valueStream()
                .toList();
    }
}
