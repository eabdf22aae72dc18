package dev.afterimage.bench;

import dev.afterimage.stack.StackConfig;
import dev.afterimage.stack.StackException;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** The process of order-service, and its clients. */
final class OrderService extends QuarkusJar {

    /** @param database the JDBC URL of its database */
    OrderService(String name, StackConfig stack, Path jar, List<String> jvmOptions, int port, String database) {
        super(name, stack, jar, jvmOptions, port, Map.of("QUARKUS_DATASOURCE_JDBC_URL", database));
    }

    OrderService started() {
        startForThisRun();
        return this;
    }

    /** Clients of this service, with one connection each. */
    OrderWriter orders(CustomersAndProducts shop) {
        return new OrderWriter() {
            @Override
            public String name() {
                return OrderService.this.name();
            }

            @Override
            public List<Client> connect(int clients) throws IOException {
                List<Client> connected = new ArrayList<>();
                for (int i = 0; i < clients; i++) {
                    HttpConnection connection = OrderService.this.connect();
                    connected.add(new Client() {
                        @Override
                        public void place() {
                            try {
                                connection.post("/orders", shop.choose().order());
                            } catch (IOException e) {
                                throw new StackException(
                                        name() + " does not answer: " + e.getMessage() + ". " + lastWords(), e);
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
        };
    }
}
