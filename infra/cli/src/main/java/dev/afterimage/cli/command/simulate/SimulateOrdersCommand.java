package dev.afterimage.cli.command.simulate;

import dev.afterimage.cli.command.PipelineCommand;
import dev.afterimage.cli.service.RestService;
import dev.afterimage.cli.service.RestService.Answer;
import dev.afterimage.cli.terminal.Progress;
import dev.afterimage.cli.terminal.Screen;
import dev.afterimage.stack.StackException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.TreeMap;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import net.datafaker.Faker;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** Simulates a day in the shop: the requests of its customers and clerks over REST. */
@Command(
        name = "orders",
        description = "A day of shop traffic over REST: quiet nights, a peak at noon and one in the evening, retried"
                + " requests, races for the same order. Fails when a retry or a race has a wrong result.")
public final class SimulateOrdersCommand extends PipelineCommand {

    /** The load of each hour relative to the busiest hour; interpolated between the hours. */
    private static final double[] DAY = {
        .10, .06, .04, .03, .04, .08, .15, .25, .40, .55, .65, .80, .95, .85, .65, .60, .65, .75, .90, 1.0, .95, .70,
        .45, .22
    };

    private static final int CLIENTS = 16;
    private static final List<String> NEXT = List.of("PENDING", "PAID", "SHIPPED", "DELIVERED");

    @Option(
            names = "--seconds",
            paramLabel = "SECONDS",
            defaultValue = "60",
            description = "duration of the day (${DEFAULT-VALUE})")
    private int seconds;

    @Option(
            names = "--peak",
            paramLabel = "N",
            defaultValue = "50",
            description = "actions a second at the busiest hour (${DEFAULT-VALUE})")
    private int peak;

    @Option(names = "--seed", paramLabel = "N", description = "the same seed chooses the same actions")
    private @Nullable Long seed;

    @Option(names = "--json", description = "the summary as JSON")
    private boolean json;

    private final Map<String, AtomicLong> tally = new ConcurrentHashMap<>();
    private final List<String> wrong = Collections.synchronizedList(new ArrayList<>());
    private final List<String> customers = Collections.synchronizedList(new ArrayList<>());
    private final List<String> products = Collections.synchronizedList(new ArrayList<>());
    private final List<String> orders = Collections.synchronizedList(new ArrayList<>());
    private volatile boolean interrupted;

    @Override
    public Integer call() {
        if (seconds < 1 || peak < 1) {
            throw wrong("--seconds and --peak are at least 1");
        }
        long drawnBy = seed == null ? new Random().nextLong(1_000_000) : seed;
        Random random = new Random(drawnBy);
        Faker faker = new Faker(Locale.ENGLISH, new Random(drawnBy));
        RestService shop = ports.orderService();
        try (Screen screen = screen();
                Screen.Interception _ = screen.onInterrupt(() -> interrupted = true)) {
            open(shop, faker);
            long actions = day(shop, screen, faker, random);
            summary(screen, drawnBy, actions);
        }
        return wrong.isEmpty() ? interrupted ? Screen.INTERRUPTED : 0 : 1;
    }

    /** Creates the products and the first customers before the day begins. */
    private void open(RestService shop, Faker faker) {
        String day = UUID.randomUUID().toString().substring(0, 8);
        for (int i = 0; i < 10; i++) {
            Map<String, ?> product =
                    Map.of("sku", day + "-" + i, "name", faker.commerce().productName(), "price", (5 + i) + ".90");
            products.add(made(shop.post("/products", product)));
            customers.add(made(shop.post("/customers", person(faker))));
        }
    }

    private static String made(Answer answer) {
        return RestService.expect(201, answer).path("id").asText();
    }

    private static Map<String, ?> person(Faker faker) {
        String name = faker.name().fullName();
        return Map.of("name", name, "email", UUID.randomUUID().toString().substring(0, 13) + "@example.com");
    }

    /** Starts each action at its time, however slow earlier answers were, as long as a client is free. */
    private long day(RestService shop, Screen screen, Faker faker, Random random) {
        Semaphore clients = new Semaphore(CLIENTS);
        long began = System.nanoTime();
        long length = Duration.ofSeconds(seconds).toNanos();
        long actions = 0;
        double due = 0;
        try (ExecutorService running = Executors.newVirtualThreadPerTaskExecutor();
                Progress progress = new Progress(screen, "Day", seconds)) {
            while (due < seconds && !interrupted) {
                double hour = 24.0 * due / seconds;
                due += -Math.log(1 - random.nextDouble()) / (peak * busy(hour));
                long pause;
                while ((pause = began + (long) (due * 1e9) - System.nanoTime()) > 0 && !interrupted) {
                    LockSupport.parkNanos(Math.min(pause, 50_000_000L));
                }
                if (System.nanoTime() - began > length) {
                    break;
                }
                actions++;
                int dice = random.nextInt(100);
                long own = random.nextLong();
                Map<String, ?> person = person(faker);
                clients.acquireUninterruptibly();
                running.execute(() -> {
                    try {
                        act(shop, dice, new Random(own), person);
                    } catch (StackException e) {
                        wrong.add(String.valueOf(e.getMessage()));
                    } finally {
                        clients.release();
                    }
                });
                progress.at(
                        (System.nanoTime() - began) / 1_000_000_000L,
                        "%02d:%02d  %,d actions".formatted((int) hour, (int) (hour % 1 * 60), actions));
            }
        }
        return actions;
    }

    private static double busy(double hour) {
        int now = (int) hour % 24;
        double part = hour - (int) hour;
        return DAY[now] * (1 - part) + DAY[(now + 1) % 24] * part;
    }

    private void act(RestService shop, int dice, Random random, Map<String, ?> person) {
        if (dice < 5) {
            customers.add(made(shop.post("/customers", person)));
            count("customers registered");
        } else if (dice < 35 || orders.isEmpty()) {
            place(shop, random, dice % 6 == 0);
        } else if (dice < 75) {
            advance(shop, random);
        } else if (dice < 82) {
            race(shop, random);
        } else if (dice < 88) {
            reconsider(shop, random);
        } else if (dice < 91) {
            String order = any(orders, random);
            orders.remove(order);
            tell("orders deleted", shop.delete("/orders/" + order), 204, 404);
        } else {
            tell("reads", shop.get("/orders/" + any(orders, random)), 200, 404);
        }
    }

    private Map<String, ?> basket(Random random) {
        return Map.of(
                "customerId",
                any(customers, random),
                "items",
                List.of(Map.of("productId", any(products, random), "quantity", 1 + random.nextInt(5))));
    }

    /**
     * @param retried whether to send the request twice, as a client does when its connection breaks before the answer
     */
    private void place(RestService shop, Random random, boolean retried) {
        Map<String, ?> basket = basket(random);
        Map<String, String> key = Map.of("Idempotency-Key", UUID.randomUUID().toString());
        String id = made(shop.send("POST", "/orders", basket, key));
        if (retried) {
            String again = made(shop.send("POST", "/orders", basket, key));
            if (!again.equals(id)) {
                wrong.add("A retried order was placed twice: " + id + " and " + again);
            }
            count("retries answered with the first result");
        }
        orders.add(id);
        count("orders placed");
    }

    private void advance(RestService shop, Random random) {
        String order = any(orders, random);
        Answer found = shop.get("/orders/" + order);
        int at = NEXT.indexOf(found.body().path("status").asText());
        if (at < 0 || at == NEXT.size() - 1) {
            count("orders in a final status");
            return;
        }
        String next = random.nextInt(20) == 0 && at < 2 ? "CANCELLED" : NEXT.get(at + 1);
        tell("status changes", shop.put("/orders/" + order + "/status", Map.of("status", next)), 200, 404, 409);
    }

    /** Two clerks change the same version: one succeeds, the other is told that the version has changed. */
    private void race(RestService shop, Random random) {
        String order = made(shop.post("/orders", basket(random)));
        orders.add(order);
        Map<String, String> seen = Map.of("If-Match", "\"1\"");
        var pays = CompletableFuture.supplyAsync(
                () -> shop.send("PUT", "/orders/" + order + "/status", Map.of("status", "PAID"), seen));
        Answer cancelled = shop.send("PUT", "/orders/" + order + "/status", Map.of("status", "CANCELLED"), seen);
        List<Integer> answers = List.of(pays.join().status(), cancelled.status());
        // another action may have changed the order before both
        if (answers.stream().filter(status -> status == 200).count() > 1
                || !answers.stream()
                        .allMatch(status -> List.of(200, 404, 409, 412).contains(status))) {
            wrong.add("A race for order " + order + " ended with " + answers);
        }
        count("races with one winner");
    }

    private void reconsider(RestService shop, Random random) {
        Map<String, ?> items =
                Map.of("items", Objects.requireNonNull(basket(random).get("items")));
        tell("baskets changed", shop.put("/orders/" + any(orders, random) + "/items", items), 200, 404, 409);
    }

    private void tell(String what, Answer answer, Integer... expected) {
        if (!List.of(expected).contains(answer.status())) {
            wrong.add(what + ": " + answer.status() + " " + answer.reason());
        }
        count(answer.status() < 300 ? what : what + " refused (" + answer.status() + ")");
    }

    private void count(String what) {
        tally.computeIfAbsent(what, _ -> new AtomicLong()).incrementAndGet();
    }

    private static String any(List<String> ids, Random random) {
        synchronized (ids) {
            return ids.isEmpty() ? UUID.randomUUID().toString() : ids.get(random.nextInt(ids.size()));
        }
    }

    private void summary(Screen screen, long drawnBy, long actions) {
        Map<String, Object> summary = new TreeMap<>(tally);
        if (json) {
            screen.json(Map.of("seed", drawnBy, "actions", actions, "tally", summary, "wrong", wrong));
            return;
        }
        screen.out().printf(Locale.ROOT, "%,d actions, seed %d%n", actions, drawnBy);
        screen.table(
                List.of("what", "count"),
                summary.entrySet(),
                entry -> List.of(entry.getKey(), entry.getValue().toString()));
        wrong.stream().limit(10).forEach(line -> screen.err().println(Screen.visible("! " + line)));
    }
}
