package dev.afterimage.cli.command;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.afterimage.cli.service.Event;
import dev.afterimage.cli.service.RestShopClient;
import dev.afterimage.cli.service.ShopClient;
import dev.afterimage.cli.service.ShopClient.Kind;
import dev.afterimage.cli.service.SqlShopClient;
import dev.afterimage.cli.terminal.Figures;
import dev.afterimage.cli.terminal.Progress;
import dev.afterimage.cli.terminal.Prompt;
import dev.afterimage.cli.terminal.Screen;
import dev.afterimage.stack.StackException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.IntConsumer;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import net.datafaker.Faker;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Help.Ansi.Style;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ScopeType;

/** Makes one change at a time, from a menu or as a command, and shows the event of the change. */
@Command(
        name = "produce",
        description = {
            "Makes changes by hand and shows their events. Without a subcommand it opens a menu.",
            "--via sql bypasses order-service: source-tables captures the change, but the outbox has no event."
        })
public final class ProduceCommand extends PipelineCommand {

    /** The way to make a change: order-service's REST API, or SQL on its tables. */
    enum Via {
        rest,
        sql
    }

    private static final ObjectMapper JSON = new ObjectMapper();
    private static final int BULK_CLIENTS = 8;
    private static final List<String> STATUSES = List.of("PAID", "SHIPPED", "DELIVERED", "CANCELLED");

    @Option(
            names = "--via",
            paramLabel = "WAY",
            scope = ScopeType.INHERIT,
            defaultValue = "rest",
            description = "${COMPLETION-CANDIDATES} (${DEFAULT-VALUE})")
    private Via via = Via.rest;

    @Option(names = "--json", scope = ScopeType.INHERIT, description = "the id and the events as one JSON object")
    private boolean json;

    @Option(
            names = "--quiet",
            scope = ScopeType.INHERIT,
            description = "only the id, of bulk each id on a line, without waiting for the event")
    private boolean quiet;

    private @Nullable Faker faker;

    // -- the commands

    @Command(name = "customer", description = "Registers a customer.")
    int customer(
            @Option(names = "--name", paramLabel = "NAME", description = "(made up)") @Nullable String name,
            @Option(names = "--email", paramLabel = "ADDRESS", description = "(made up)") @Nullable String email) {
        return act(Kind.customer, false, shop -> newCustomer(shop, name, email));
    }

    @Command(name = "product", description = "Adds a product.")
    int product(
            @Option(names = "--sku", paramLabel = "SKU", description = "(made up)") @Nullable String sku,
            @Option(names = "--name", paramLabel = "NAME", description = "(made up)") @Nullable String name,
            @Option(
                            names = "--price",
                            paramLabel = "AMOUNT",
                            defaultValue = "29.90",
                            description = "(${DEFAULT-VALUE})")
                    String price) {
        return act(Kind.product, false, shop -> newProduct(shop, sku, name, price));
    }

    @Command(name = "order", description = "Places an order; uses an existing customer and product or creates them.")
    int order(
            @Option(names = "--customer", paramLabel = "ID", description = "(the newest)") @Nullable String customer,
            @Option(names = "--product", paramLabel = "ID", description = "(the newest)") @Nullable String product,
            @Option(names = "--quantity", paramLabel = "N", defaultValue = "2", description = "(${DEFAULT-VALUE})")
                    int quantity) {
        return act(Kind.order, false, shop -> newOrder(shop, customer, product, quantity));
    }

    @Command(name = "email", description = "Changes a customer's e-mail address.")
    int email(@Parameters(paramLabel = "CUSTOMER") String id, @Parameters(paramLabel = "ADDRESS") String email) {
        return act(Kind.customer, false, shop -> {
            shop.changeEmail(id, email);
            return id;
        });
    }

    @Command(name = "status", description = "Changes an order's status.")
    int status(
            @Parameters(paramLabel = "ORDER") String id,
            @Parameters(paramLabel = "STATUS", description = "PAID, SHIPPED, DELIVERED or CANCELLED") String status) {
        return act(Kind.order, false, shop -> {
            shop.changeStatus(id, status.toUpperCase(Locale.ROOT));
            return id;
        });
    }

    @Command(name = "delete", description = "Deletes a customer, a product or an order.")
    int delete(
            @Parameters(paramLabel = "KIND", description = "${COMPLETION-CANDIDATES}") Kind kind,
            @Parameters(paramLabel = "ID") String id) {
        return act(kind, true, shop -> {
            shop.delete(kind, id);
            return id;
        });
    }

    @Command(
            name = "bulk",
            description = "Places many orders, changes and deletes a part of them, and counts the events of each kind."
                    + " Exit code 1 when an event is missing.")
    int bulk(
            @Parameters(paramLabel = "N", description = "number of orders") int count,
            @Option(
                            names = "--update",
                            paramLabel = "PERCENT",
                            defaultValue = "0%",
                            description = "how many of them become PAID, such as 30%%")
                    String update,
            @Option(
                            names = "--delete",
                            paramLabel = "PERCENT",
                            defaultValue = "0%",
                            description = "how many of them are deleted then, such as 20%%")
                    String delete) {
        if (count < 1) {
            throw wrong("N is at least 1");
        }
        int updated;
        int deleted;
        try {
            updated = percent(update);
            deleted = percent(delete);
        } catch (StackException e) {
            throw wrong(String.valueOf(e.getMessage()));
        }
        try (Screen screen = screen()) {
            return bulk(screen, shop(), count, updated, deleted);
        }
    }

    private static int percent(String text) {
        if (!text.matches("(100|[1-9]?[0-9])%?")) {
            throw new StackException("'" + text + "' is not a percentage from 0% to 100%.");
        }
        return Integer.parseInt(text.replace("%", ""));
    }

    /** Whether the n-th thing is one of that percentage, which is spread evenly. */
    private static boolean chosen(long n, int percent) {
        return (n + 1) * percent / 100 > n * percent / 100;
    }

    @Command(name = "show", description = "Shows the data, the newest first.")
    void show(
            @Parameters(paramLabel = "KIND", description = "${COMPLETION-CANDIDATES}") Kind kind,
            @Option(
                            names = "--limit",
                            paramLabel = "N",
                            defaultValue = "20",
                            description = "maximum number, 1 to 100 (${DEFAULT-VALUE})")
                    int limit) {
        try (Screen screen = screen()) {
            List<JsonNode> rows = shop().newest(kind, limit);
            if (json) {
                screen.json(rows);
            } else {
                table(screen, kind, rows);
            }
        }
    }

    // -- common parts of the commands

    private interface Action {
        /** Makes the change and returns the id of its event. */
        String on(ShopClient shop);
    }

    private ShopClient shop() {
        return via == Via.rest ? new RestShopClient(ports.orderService()) : new SqlShopClient(ports.postgres());
    }

    private int act(Kind kind, boolean deletes, Action action) {
        ShopClient shop = shop();
        if (quiet) {
            try (Screen screen = screen()) {
                screen.out().println(Screen.visible(action.on(shop)));
            }
            return 0;
        }
        try (Screen screen = screen();
                ResultingEvents end = ResultingEvents.of(ports.bootstrapServers(), shop, kind)) {
            return act(screen, shop, end, kind, deletes, action);
        }
    }

    private int act(Screen screen, ShopClient shop, ResultingEvents end, Kind kind, boolean deletes, Action action) {
        String id = action.on(shop);
        if (!json) {
            screen.out().println(kind + " " + screen.paint(Style.bold, Screen.visible(id)));
        }
        List<Event> events = end.await(id, deletes);
        if (json) {
            ObjectNode told = JSON.createObjectNode();
            told.put("id", id);
            events.forEach(event -> told.withArray("events").add(event.toJson(ResultingEvents.latency(event))));
            screen.json(told);
        } else {
            end.print(screen, events);
        }
        return events.isEmpty() ? 1 : 0;
    }

    private Faker faker() {
        if (faker == null) {
            faker = new Faker(Locale.ENGLISH, new Random());
        }
        return faker;
    }

    private String newCustomer(ShopClient shop, @Nullable String name, @Nullable String email) {
        String full = name == null ? faker().name().fullName() : name;
        String address = email == null
                ? full.toLowerCase(Locale.ROOT).replaceAll("[^a-z]+", ".").replaceAll("^\\.|\\.$", "") + "."
                        + UUID.randomUUID().toString().substring(0, 6) + "@example.com"
                : email;
        return shop.addCustomer(full, address);
    }

    private String newOrder(ShopClient shop, @Nullable String customer, @Nullable String product, int quantity) {
        return shop.addOrder(
                customer == null ? aCustomer(shop) : customer, product == null ? aProduct(shop) : product, quantity);
    }

    private String aCustomer(ShopClient shop) {
        return newest(shop, Kind.customer, () -> newCustomer(shop, null, null));
    }

    private String aProduct(ShopClient shop) {
        return newest(shop, Kind.product, () -> newProduct(shop, null, null, "29.90"));
    }

    private String newProduct(ShopClient shop, @Nullable String sku, @Nullable String name, String price) {
        return shop.addProduct(
                sku == null ? "SKU-" + UUID.randomUUID().toString().substring(0, 8) : sku,
                name == null ? faker().commerce().productName() : name,
                price);
    }

    private static String newest(ShopClient shop, Kind kind, Supplier<String> otherwise) {
        List<JsonNode> there = shop.newest(kind, 1);
        return there.isEmpty() ? otherwise.get() : there.getFirst().path("id").asText();
    }

    /** Counts what was done; after an interruption, too. */
    private int bulk(Screen screen, ShopClient shop, int count, int update, int delete) {
        String customer = aCustomer(shop);
        String product = aProduct(shop);
        Set<String> ids = ConcurrentHashMap.newKeySet();
        AtomicInteger updated = new AtomicInteger();
        AtomicInteger deleted = new AtomicInteger();
        AtomicBoolean interrupted = new AtomicBoolean();
        long began = System.nanoTime();
        try (Screen.Interception _ = screen.onInterrupt(() -> interrupted.set(true));
                ResultingEvents end = quiet ? null : ResultingEvents.of(ports.bootstrapServers(), shop, Kind.order)) {
            each(screen, count, n -> {
                if (interrupted.get()) {
                    return;
                }
                String id = shop.addOrder(customer, product, 1);
                ids.add(id);
                if (quiet) {
                    screen.out().println(Screen.visible(id));
                }
                if (chosen(n, update)) {
                    shop.changeStatus(id, "PAID");
                    updated.incrementAndGet();
                }
                if (chosen(n, delete)) {
                    shop.delete(Kind.order, id);
                    deleted.incrementAndGet();
                }
            });
            if (end == null) {
                return interrupted.get() ? Screen.INTERRUPTED : 0;
            }
            Duration placed = Duration.ofNanos(System.nanoTime() - began);
            Map<String, Integer> expected = new TreeMap<>(
                    Map.of("c", ids.size(), "u", updated.get(), "d", deleted.get(), "tombstone", deleted.get()));
            expected.values().removeIf(number -> number == 0);
            int all = expected.values().stream().mapToInt(Integer::intValue).sum();
            Map<String, Integer> came = end.awaitAll(ids, all);
            int events = came.values().stream().mapToInt(Integer::intValue).sum();
            Duration last = Duration.ofNanos(System.nanoTime() - began);
            if (json) {
                Map<String, Object> summary = new LinkedHashMap<>();
                summary.put("orders", ids.size());
                summary.put("updated", updated.get());
                summary.put("deleted", deleted.get());
                summary.put("events", events);
                summary.put("eventsByKind", came);
                summary.put("seconds", placed.toMillis() / 1e3);
                summary.put("secondsToLastEvent", last.toMillis() / 1e3);
                summary.put("interrupted", interrupted.get());
                screen.json(summary);
            } else {
                screen.out()
                        .printf(
                                Locale.ROOT,
                                "%s orders placed, %,d updated, %,d deleted in %s%n"
                                        + "%,d of %,d events came out on %s, the last after %s:%n  %s%n",
                                interrupted.get()
                                        ? "Interrupted: %,d of %,d".formatted(ids.size(), count)
                                        : "%,d".formatted(count),
                                updated.get(),
                                deleted.get(),
                                Figures.duration(placed),
                                events,
                                all,
                                shop.topic(Kind.order),
                                Figures.duration(last),
                                came.entrySet().stream()
                                        .map(each -> "%,d %s".formatted(each.getValue(), each.getKey()))
                                        .collect(Collectors.joining(", ")));
            }
            return interrupted.get() ? Screen.INTERRUPTED : came.equals(expected) ? 0 : 1;
        }
    }

    /** Does something for each number below the count, with several clients. */
    private void each(Screen screen, int count, IntConsumer action) {
        try (ExecutorService clients = Executors.newFixedThreadPool(BULK_CLIENTS);
                Progress progress = new Progress(screen, "Orders", count)) {
            try {
                List<Future<?>> running = new ArrayList<>();
                for (int i = 0; i < count; i++) {
                    int n = i;
                    running.add(clients.submit(() -> action.accept(n)));
                }
                int done = 0;
                for (Future<?> each : running) {
                    each.get();
                    if (quiet) {
                        screen.flush();
                    } else {
                        progress.at(++done, "");
                    }
                }
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            } catch (ExecutionException e) {
                throw e.getCause() instanceof StackException told ? told : new StackException("Orders failed", e);
            } finally {
                clients.shutdownNow(); // else all are done before a failure is told
            }
        }
    }

    private void table(Screen screen, Kind kind, List<JsonNode> rows) {
        List<String> columns =
                switch (kind) {
                    case customer -> List.of("id", "name", "email", "version");
                    case product -> List.of("id", "sku", "name", "price", "version");
                    case order -> List.of("id", "status", "total", "currency", "customerId", "version");
                };
        screen.table(columns, rows, row -> columns.stream()
                .map(column -> row.path(column).asText())
                .toList());
    }

    // -- the menu

    private static final Map<String, String> MENU = new TreeMap<>(Map.of(
            "1", "register a customer",
            "2", "add a product",
            "3", "place an order",
            "4", "change a customer's e-mail address",
            "5", "change an order's status",
            "6", "delete a customer, a product or an order",
            "7", "place many orders, change and delete a part of them",
            "8", "show the data",
            "9", "switch between REST and SQL",
            "0", "leave"));

    /** The status that usually follows. */
    private static final Map<String, String> NEXT =
            Map.of("PENDING", "PAID", "PAID", "SHIPPED", "SHIPPED", "DELIVERED");

    @Override
    public Integer call() {
        try (Screen screen = screen()) {
            Prompt prompt = new Prompt(screen);
            String choice = "";
            while (!choice.equals("0")) {
                try {
                    choose(choice, screen, prompt);
                } catch (Prompt.Left e) {
                    screen.out().println("Nothing was done.");
                } catch (StackException e) {
                    screen.out()
                            .println(screen.paint(Style.fg_red, Screen.visibleLines(String.valueOf(e.getMessage()))));
                }
                screen.out().flush();
                choice = prompt.ask(
                        "By %s: choose 0 to 9, Enter lists the choices"
                                .formatted(via.name().toUpperCase(Locale.ROOT)),
                        null,
                        MENU);
            }
            return 0;
        } catch (Prompt.Left e) {
            return e.exitCode();
        }
    }

    private void choose(String choice, Screen screen, Prompt prompt) {
        ShopClient shop = shop();
        switch (choice) {
            case "1" -> {
                String name = prompt.ask("Name", faker().name().fullName(), List.of());
                shown(screen, shop, Kind.customer, false, _ -> newCustomer(shop, name, null));
            }
            case "2" -> {
                String name = prompt.ask("Name", faker().commerce().productName(), List.of());
                String price = prompt.ask("Price", "29.90", List.of());
                shown(screen, shop, Kind.product, false, _ -> newProduct(shop, null, name, price));
            }
            case "3" -> {
                String customer = pick(prompt, shop, Kind.customer).path("id").asText();
                shown(screen, shop, Kind.order, false, _ -> newOrder(shop, customer, null, 2));
            }
            case "4" -> {
                String id = pick(prompt, shop, Kind.customer).path("id").asText();
                String email = prompt.ask("New address", null, List.of());
                shown(screen, shop, Kind.customer, false, _ -> {
                    shop.changeEmail(id, email);
                    return id;
                });
            }
            case "5" -> {
                JsonNode order = pick(prompt, shop, Kind.order);
                String id = order.path("id").asText();
                String now = order.path("status").asText();
                String status = prompt.ask("New status (now " + now + ")", NEXT.get(now), STATUSES)
                        .toUpperCase(Locale.ROOT);
                shown(screen, shop, Kind.order, false, _ -> {
                    shop.changeStatus(id, status);
                    return id;
                });
            }
            case "6" -> {
                String what =
                        prompt.ask("Customer, product or order", "order", List.of("customer", "product", "order"));
                Kind kind = Arrays.stream(Kind.values())
                        .filter(each -> each.name().equalsIgnoreCase(what))
                        .findFirst()
                        .orElseThrow(() -> new StackException("'" + what + "' is no customer, product or order."));
                String id = pick(prompt, shop, kind).path("id").asText();
                if (prompt.confirm("Delete " + kind + " " + id + "?")) {
                    shown(screen, shop, kind, true, _ -> {
                        shop.delete(kind, id);
                        return id;
                    });
                }
            }
            case "7" -> {
                String count = prompt.ask("How many", "100", List.of());
                if (!count.matches("[1-9][0-9]{0,6}")) {
                    throw new StackException("'" + count + "' is not a number of orders.");
                }
                int update = percent(prompt.ask("Of them updated", "30%", List.of()));
                int delete = percent(prompt.ask("Of them deleted", "20%", List.of()));
                bulk(screen, shop, Integer.parseInt(count), update, delete);
            }
            case "8" -> {
                for (Kind kind : Kind.values()) {
                    screen.out().println(screen.paint(Style.bold, kind.plural()));
                    table(screen, kind, shop.newest(kind, 10));
                }
            }
            case "9" -> via = via == Via.rest ? Via.sql : Via.rest;
            case "" ->
                MENU.forEach(
                        (number, what) -> screen.out().println("  " + screen.paint(Style.bold, number) + "  " + what));
            default -> screen.out().println("There is no choice " + choice + ".");
        }
    }

    private void shown(Screen screen, ShopClient shop, Kind kind, boolean deletes, Action action) {
        try (ResultingEvents end = ResultingEvents.of(ports.bootstrapServers(), shop, kind)) {
            act(screen, shop, end, kind, deletes, action);
        }
    }

    /** The newest, or another by its id. */
    private static JsonNode pick(Prompt prompt, ShopClient shop, Kind kind) {
        Map<String, JsonNode> newest = new LinkedHashMap<>();
        shop.newest(kind, 20).forEach(row -> newest.put(row.path("id").asText(), row));
        if (newest.isEmpty()) {
            throw new StackException("There is no " + kind + " yet.");
        }
        Map<String, String> described = new LinkedHashMap<>();
        newest.forEach((id, row) -> described.put(
                id,
                kind == Kind.order
                        ? row.path("status").asText() + " " + row.path("total").asText()
                        : row.path("name").asText()));
        String id = prompt.ask(
                "Id of the " + kind + " (Tab lists)", newest.keySet().iterator().next(), described);
        return newest.containsKey(id) ? newest.get(id) : shop.find(kind, id);
    }
}
