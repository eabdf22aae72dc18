package dev.afterimage.bench;

import dev.afterimage.stack.StackException;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/** Places orders at order-service, each client on a connection of its own. */
record HttpOrders(QuarkusJar service, CustomersAndProducts shop) implements OrderWriter {

    @Override
    public String name() {
        return service.name();
    }

    @Override
    public List<Client> connect(int clients) throws IOException {
        List<Client> connected = new ArrayList<>();
        for (int i = 0; i < clients; i++) {
            HttpConnection connection = service.connect();
            connected.add(new Client() {
                @Override
                public void place() {
                    try {
                        connection.post("/orders", shop.choose().order());
                    } catch (IOException e) {
                        throw new StackException(
                                name() + " does not answer: " + e.getMessage() + ". " + service.lastWords(), e);
                    }
                }

                @Override
                public void close() {
                    connection.close();
                }
            });
        }
        return connected;
    }
}
