package dev.afterimage.cli.produce;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.List;

/** The shop's data, as one of its doors opens to it. What is refused is a {@code StackException} with the reason. */
interface Shop {

    /** What there is in a shop. */
    enum Kind {
        customer,
        product,
        order;

        String plural() {
            return name() + "s";
        }
    }

    /** The topic on which a change by this door comes out. */
    String topic(Kind kind);

    /** The id of the new one. */
    String addCustomer(String name, String email);

    /** The id of the new one. */
    String addProduct(String sku, String name, String price);

    /** The id of the new one, at the product's price of now. */
    String addOrder(String customer, String product, int quantity);

    void changeEmail(String customer, String email);

    void changeStatus(String order, String status);

    void delete(Kind kind, String id);

    /** The newest first. */
    List<JsonNode> newest(Kind kind, int limit);
}
