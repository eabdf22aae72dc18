package dev.afterimage.cli.service;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.List;

/** Access to the shop's data by REST or by SQL. A refused change is a {@code StackException} with the reason. */
public interface ShopClient {

    /** The kinds of data in the shop. */
    enum Kind {
        customer,
        product,
        order;

        public String plural() {
            return name() + "s";
        }
    }

    /** The topic of the events of such a change. */
    String topic(Kind kind);

    /** Returns the new id. */
    String addCustomer(String name, String email);

    /** Returns the new id. */
    String addProduct(String sku, String name, String price);

    /** Places an order at the product's current price and returns its id. */
    String addOrder(String customer, String product, int quantity);

    void changeEmail(String customer, String email);

    void changeStatus(String order, String status);

    void delete(Kind kind, String id);

    /** The one with that id. */
    JsonNode find(Kind kind, String id);

    /** The newest first. */
    List<JsonNode> newest(Kind kind, int limit);
}
