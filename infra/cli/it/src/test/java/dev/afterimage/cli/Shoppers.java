package dev.afterimage.cli;

import dev.afterimage.cli.service.RestService;
import dev.afterimage.cli.service.RestService.Answer;
import dev.afterimage.stack.StackException;
import dev.afterimage.testing.TestSize;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Queue;
import java.util.Random;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * Clients that create, change and delete by chance, at the same time on the same things, and repeat each request until it is
 * answered: what they were told to be there must be there in the end, and nothing else.
 */
final class Shoppers implements AutoCloseable {

    private static final int CLIENTS = 4;
    private static final Duration PAUSE = Duration.ofMillis(TestSize.of(100, 70));
    private static final List<String> STATUSES = List.of("PAID", "PAID", "SHIPPED", "DELIVERED", "CANCELLED");

    private final RestService shop;
    private final ExecutorService clients = Executors.newFixedThreadPool(CLIENTS);
    private final AtomicInteger begun = new AtomicInteger();
    private final AtomicInteger repeated = new AtomicInteger();
    private volatile boolean enough;
    private final Set<String> orders = ConcurrentHashMap.newKeySet();
    private final List<String> wrong = new CopyOnWriteArrayList<>();
    private final Map<String, Queue<String>> there = new ConcurrentHashMap<>(Map.of(
            "customers", new ConcurrentLinkedQueue<>(),
            "products", new ConcurrentLinkedQueue<>(),
            "orders", new ConcurrentLinkedQueue<>()));

    /** They begin at once and end when that is asked for, but not before so many operations. */
    Shoppers(RestService shop, int atLeast, long seed) {
        this.shop = shop;
        for (int client = 0; client < CLIENTS; client++) {
            Random random = new Random(seed + client);
            clients.execute(() -> {
                register(random);
                offer(random);
                while (begun.incrementAndGet() <= atLeast || !enough) {
                    act(random);
                    LockSupport.parkNanos(PAUSE.toNanos());
                }
            });
        }
        clients.shutdown();
    }

    int begun() {
        return begun.get();
    }

    /** Requests that got no answer, or were told to come again. */
    int repeated() {
        return repeated.get();
    }

    /** Lets them come to their end, and returns whether they did in time. */
    boolean end(Duration limit) throws InterruptedException {
        enough = true;
        return clients.awaitTermination(limit.toMillis(), TimeUnit.MILLISECONDS);
    }

    /** Answers that nobody should get. */
    List<String> wrong() {
        return wrong;
    }

    /** The ids of all orders that were placed, deleted ones too. */
    Set<String> orders() {
        return orders;
    }

    /** The ids of all that was made and not deleted. */
    Set<String> there(String collection) {
        return Set.copyOf(held(collection));
    }

    @Override
    public void close() {
        clients.shutdownNow();
    }

    private void act(Random random) {
        int dice = random.nextInt(100);
        if (dice < 4) {
            register(random);
        } else if (dice < 8) {
            change("customers", person(random), random);
        } else if (dice < 10) {
            delete("customers", random);
        } else if (dice < 12) {
            offer(random);
        } else if (dice < 15) {
            change("products", product(random), random);
        } else if (dice < 16) {
            delete("products", random);
        } else if (dice < 50) {
            make("orders", Map.of("customerId", any("customers", random), "items", items(random)), random);
        } else if (dice < 78) {
            String status = STATUSES.get(random.nextInt(STATUSES.size()));
            expect("PUT", "/orders/" + any("orders", random) + "/status", Map.of("status", status), 200, 404, 409);
        } else if (dice < 88) {
            expect(
                    "PUT",
                    "/orders/" + any("orders", random) + "/items",
                    Map.of("items", items(random)),
                    200,
                    400,
                    404,
                    409);
        } else {
            delete("orders", random);
        }
    }

    private void register(Random random) {
        make("customers", person(random), random);
    }

    private void offer(Random random) {
        make("products", product(random), random);
    }

    private static Map<String, ?> person(Random random) {
        return Map.of("name", "Shopper " + random.nextInt(1_000), "email", UUID.randomUUID() + "@example.com");
    }

    private static Map<String, ?> product(Random random) {
        return Map.of("sku", UUID.randomUUID().toString(), "name", "Thing", "price", (1 + random.nextInt(90)) + ".90");
    }

    private List<?> items(Random random) {
        return List.of(Map.of("productId", any("products", random), "quantity", 1 + random.nextInt(9)));
    }

    /** One in ten asks twice, as a client does that did not see the answer. */
    private void make(String collection, Map<String, ?> body, Random random) {
        String key = UUID.randomUUID().toString();
        Answer answer = answered("POST", "/" + collection, body, key);
        if (answer.status() == 201) {
            String id = answer.body().path("id").asText();
            held(collection).add(id);
            if (collection.equals("orders")) {
                orders.add(id);
            }
            if (random.nextInt(10) == 0) {
                Answer again = answered("POST", "/" + collection, body, key);
                if (!again.body().path("id").asText().equals(id)) {
                    wrong.add("asked twice for " + id + ": " + again.status() + " " + again.body());
                }
            }
        } else if (answer.status() != 400) { // of what somebody has deleted meanwhile
            wrong.add("POST /" + collection + ": " + answer.status() + " " + answer.reason());
        }
    }

    private void change(String collection, Map<String, ?> body, Random random) {
        expect("PUT", "/" + collection + "/" + any(collection, random), body, 200, 404);
    }

    private void delete(String collection, Random random) {
        String id = any(collection, random);
        Answer answer = expect("DELETE", "/" + collection + "/" + id, null, 204, 404, 409);
        if (answer.status() != 409) {
            held(collection).remove(id);
        }
    }

    private Answer expect(String method, String path, @Nullable Object body, Integer... expected) {
        Answer answer = answered(method, path, body, null);
        if (!List.of(expected).contains(answer.status())) {
            wrong.add(method + " " + path + ": " + answer.status() + " " + answer.reason());
        }
        return answer;
    }

    private Answer answered(String method, String path, @Nullable Object body, @Nullable String key) {
        Map<String, String> headers = key == null ? Map.of() : Map.of("Idempotency-Key", key);
        while (!Thread.currentThread().isInterrupted()) {
            try {
                Answer answer = shop.send(method, path, body, headers);
                if (answer.status() < 500) {
                    return answer;
                }
            } catch (StackException e) {
                // nobody answers at the moment
            }
            repeated.incrementAndGet();
            LockSupport.parkNanos(Duration.ofMillis(100).toNanos());
        }
        throw new StackException("The shoppers were sent away.");
    }

    private Queue<String> held(String collection) {
        return Objects.requireNonNull(there.get(collection));
    }

    /** One of the newest, of which something can still become. */
    private String any(String collection, Random random) {
        List<String> ids = List.copyOf(held(collection)).reversed();
        return ids.isEmpty() ? UUID.randomUUID().toString() : ids.get(random.nextInt(Math.min(ids.size(), 200)));
    }
}
