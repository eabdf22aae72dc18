package dev.afterimage.bench;

import dev.afterimage.stack.StackException;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ThreadLocalRandom;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The customers and products of the orders. There are many, because every order locks the rows of its customer and
 * products against deletion. With one customer and two products, all orders would wait for the same three rows.
 *
 * @param products all at the same price, so that every order has the same total
 */
record Shop(List<String> customers, List<String> products) {

    private static final int SIZE = 100;
    private static final Pattern ID = Pattern.compile("\"id\":\"([^\"]+)\"");

    /** Creates the customers and products through the service, in a database without any. */
    static Shop open(HttpConnection service) throws IOException {
        List<String> customers = new ArrayList<>();
        List<String> products = new ArrayList<>();
        for (int i = 0; i < SIZE; i++) {
            customers.add(id(service.post("/customers", """
                    {"name":"Ada Lovelace","email":"ada%d@example.com"}""".formatted(i))));
            products.add(id(service.post("/products", """
                    {"sku":"LOOM-%d","name":"Punched cards","price":"29.90"}""".formatted(i))));
        }
        return new Shop(customers, products);
    }

    private static String id(String answer) {
        Matcher id = ID.matcher(answer);
        if (!id.find()) {
            throw new StackException("The service answers without an id: " + answer);
        }
        return id.group(1);
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
