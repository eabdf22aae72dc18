package dev.afterimage.bench;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ThreadLocalRandom;

/**
 * The customers and products of the orders. There are many, because every order locks the rows of its customer and
 * products against deletion. With one customer and two products, all orders would wait for the same three rows.
 *
 * @param products all at the same price, so that every order has the same total
 */
record CustomersAndProducts(List<String> customers, List<String> products) {

    private static final int SIZE = 100;
    private static final ObjectMapper JSON = new ObjectMapper();

    /** Creates the customers and products through the service, in a database without any. */
    static CustomersAndProducts open(HttpConnection service) throws IOException {
        List<String> customers = new ArrayList<>();
        List<String> products = new ArrayList<>();
        for (int i = 0; i < SIZE; i++) {
            customers.add(id(service.post("/customers", """
                    {"name":"Ada Lovelace","email":"ada%d@example.com"}""".formatted(i))));
            products.add(id(service.post("/products", """
                    {"sku":"LOOM-%d","name":"Punched cards","price":"29.90"}""".formatted(i))));
        }
        return new CustomersAndProducts(customers, products);
    }

    private static String id(String answer) throws IOException {
        return JSON.readTree(answer).required("id").asText();
    }

    /** A customer and two different products. */
    record Choice(String customer, String first, String second) {

        String order() {
            return """
                    {"customerId":"%s","items":[{"productId":"%s","quantity":2},{"productId":"%s","quantity":1}]}""".formatted(customer, first, second);
        }
    }

    Choice choose() {
        ThreadLocalRandom random = ThreadLocalRandom.current();
        int first = random.nextInt(products.size());
        int second = (first + 1 + random.nextInt(products.size() - 1)) % products.size();
        return new Choice(customers.get(random.nextInt(customers.size())), products.get(first), products.get(second));
    }
}
