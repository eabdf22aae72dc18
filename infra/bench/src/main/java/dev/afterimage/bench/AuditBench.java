package dev.afterimage.bench;

import static dev.afterimage.bench.Bench.say;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.afterimage.stack.Jvm;
import dev.afterimage.stack.Postgres;
import dev.afterimage.stack.StackConfig;
import dev.afterimage.stack.StackException;
import dev.afterimage.testing.Database;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/**
 * Measures audits by projection-service: of many rows, which SQL writes on all three sides, and then with one wrong
 * cell on each side.
 */
@Command(
        name = "audit",
        description = "Measures an audit of source, read model and replica: time, and the load on the source.",
        mixinStandardHelpOptions = true)
final class AuditBench implements Callable<Integer> {

    private static final Path HOME = Path.of("infra/bench/target/audit");

    private static final Path MIGRATIONS = Path.of("order-service/src/main/resources/db/migration");
    private static final Duration LOOK = Duration.ofMillis(200);

    /** Statements that write the same rows on each side: orders with ids that rise with time and two items each. */
    private static final Map<String, String> ROWS = Map.of(
            "customers",
            "select %1$s, 'Customer ' || n, 'c' || n || '@example.org', %2$s, %2$s, 1 from generate_series(1, 1000) n",
            "products",
            "select %1$s, 'SKU-' || n, 'Product ' || n, 29.90, %2$s, %2$s, 1 from generate_series(1, 100) n",
            "orders",
            """
            select %1$s, %3$s, (array['PENDING', 'PAID', 'SHIPPED'])[1 + n %% 3], 'EUR', 89.70, %2$s, %2$s, 1 + n %% 3
              from generate_series(1, %5$d) n
            """,
            "order_items",
            """
            select %1$s, line + %6$d, %4$s, 2 - line, 29.90, 29.90 * (2 - line)
              from generate_series(1, %5$d) n, generate_series(0, 1) line
            """);

    private static final List<String> DATABASES = List.of("orders", "projection", "replica");
    private static final List<String> TABLES = List.of("customers", "products", "orders", "order_items");

    @Option(names = "--orders", defaultValue = "1000000", description = "orders, of two items each (${DEFAULT-VALUE})")
    private int orders;

    @Option(names = "--rounds", defaultValue = "2", description = "number of audits (${DEFAULT-VALUE})")
    private int rounds;

    @Option(
            names = "--jar",
            defaultValue = "projection-service/target/quarkus-app/quarkus-run.jar",
            description = "the projection-service to measure (${DEFAULT-VALUE})")
    private Path jar = Path.of("");

    private final HttpClient http = HttpClient.newHttpClient();
    private final JsonMapper json = new JsonMapper();

    @Override
    public Integer call() throws Exception {
        List<Integer> ports = StackConfig.freePorts(5);
        var stack = new StackConfig(
                        HOME, ports.get(0), ports.get(1), ports.get(2), ports.get(3), StackConfig.NO_REGISTRY)
                .with(Jvm.OPTIMIZING);
        Postgres postgres = empty(stack);
        var service = new QuarkusJar(
                "projection-service",
                stack,
                jar,
                List.of(),
                ports.get(4),
                Map.of(
                        "QUARKUS_DATASOURCE_JDBC_URL", postgres.jdbcUrl("projection"),
                        "QUARKUS_DATASOURCE_SOURCE_JDBC_URL", postgres.jdbcUrl("orders"),
                        "QUARKUS_DATASOURCE_REPLICA_JDBC_URL", postgres.jdbcUrl("replica"),
                        // no broker: the feed waits; the audit of equal rows does not need it
                        "KAFKA_BOOTSTRAP_SERVERS", StackConfig.HOST + ":" + ports.get(1)));
        service.startForThisRun();
        URI address = URI.create("http://%s:%d".formatted(StackConfig.HOST, ports.get(4)));
        fill(postgres);
        for (int round = 1; round <= rounds; round++) {
            measure(postgres, service, address);
        }
        plant(postgres, address);
        return 0;
    }

    /** Starts the server without the data of earlier runs. It stops with this JVM at the latest. */
    private static Postgres empty(StackConfig stack) {
        try (Postgres earlier = Postgres.start(stack)) {
            for (String database : DATABASES) {
                database(earlier, "postgres").execute("drop database %s with (force)".formatted(database));
            }
        }
        return Postgres.start(stack);
    }

    private void fill(Postgres postgres) throws IOException {
        say("Writing %d orders on each side ...".formatted(orders));
        database(postgres, "orders").as("orders_owner").migrate(MIGRATIONS);
        for (String table : TABLES) {
            database(postgres, "orders").execute("insert into %s %s".formatted(table, rows(table, 0)));
            database(postgres, "replica").execute("insert into %s %s".formatted(table, rows(table, 0)));
            database(postgres, "projection")
                    .execute("insert into cdc_processed.%s select r.*, 'c', now(), now() from (%s) r"
                            .formatted(table, rows(table, 1)));
        }
        for (String database : DATABASES) {
            database(postgres, database).execute("vacuum analyze");
        }
    }

    private String rows(String table, int firstLine) {
        return Objects.requireNonNull(ROWS.get(table))
                .formatted(
                        id(table, "n"),
                        "'2026-01-01'::timestamptz + n * interval '1.000001 s'",
                        id("customers", "1 + n % 1000"),
                        id("products", "1 + (n + line) % 100"),
                        orders,
                        firstLine);
    }

    /** SQL for a UUIDv7, which begins with the time. */
    private static String id(String table, String n) {
        String kind = table.equals("order_items") ? "orders" : table;
        return "(lpad(to_hex(1760000000000 + %1$s), 12, '0') || '7' || left(md5('%2$s' || (%1$s)), 3) || '8' || right(md5('%2$s' || (%1$s)), 15))::uuid"
                .formatted(n, kind);
    }

    private void measure(Postgres postgres, QuarkusJar service, URI address) throws Exception {
        Map<String, Duration> before = used(postgres, service);
        JsonNode audit = audit(address);
        Map<String, Duration> after = used(postgres, service);
        say("%s: %d rows at the source in %.1f s. CPU:"
                .formatted(
                        audit.path("report").path("verdict").asText(),
                        audit.path("report")
                                .path("comparisons")
                                .valueStream()
                                .filter(each -> each.path("follower").asText().equals("replica"))
                                .mapToLong(each -> each.path("sourceRows").asLong())
                                .sum(),
                        seconds(audit)));
        after.forEach((who, cpu) -> say("  %-18s %5.1f s"
                .formatted(
                        who, cpu.minus(before.getOrDefault(who, Duration.ZERO)).toMillis() / 1e3)));
    }

    /** CPU time of the service, and of the PostgreSQL processes that work for it, by database. */
    private static Map<String, Duration> used(Postgres postgres, QuarkusJar service) {
        Map<String, Duration> used = new TreeMap<>();
        used.put("projection-service", used(Objects.requireNonNull(service.pid())));
        database(postgres, "postgres")
                .rows("select datname, pid from pg_stat_activity where usename in ('auditor', 'projection')")
                .forEach(row -> {
                    String[] columns = row.split(" \\| ", -1);
                    used.merge("database " + columns[0], used(Long.parseLong(columns[1])), Duration::plus);
                });
        return used;
    }

    private static Duration used(long pid) {
        return ProcessHandle.of(pid).map(Cpu::used).orElse(Duration.ZERO);
    }

    private void plant(Postgres postgres, URI address) throws Exception {
        String nth = "(select id from %sorders order by id offset %d limit 1)";
        database(postgres, "orders")
                .execute("update orders set status = 'CANCELLED' where id = " + nth.formatted("", orders / 4));
        database(postgres, "projection")
                .execute("update cdc_processed.orders set total = total + 0.01 where id = "
                        + nth.formatted("cdc_processed.", orders / 2));
        database(postgres, "replica")
                .execute("update orders set currency = 'USD' where id = " + nth.formatted("", 3 * (orders / 4)));
        JsonNode audit = audit(address);
        say("One wrong cell on each side: %s after %.1f s"
                .formatted(audit.path("report").path("verdict").asText(), seconds(audit)));
        audit.path("report").path("differences").forEach(cell -> say("  " + cell));
    }

    private JsonNode audit(URI address) throws IOException, InterruptedException {
        JsonNode audit = send(HttpRequest.newBuilder(address.resolve("/audits"))
                .POST(HttpRequest.BodyPublishers.noBody())
                .build());
        String id = audit.path("id").asText();
        while (audit.path("status").asText().equals("RUNNING")) {
            Thread.sleep(LOOK);
            audit = send(
                    HttpRequest.newBuilder(address.resolve("/audits/" + id)).build());
        }
        return audit;
    }

    private JsonNode send(HttpRequest request) throws IOException, InterruptedException {
        var response = http.send(request, BodyHandlers.ofString());
        if (response.statusCode() / 100 != 2) {
            throw new StackException("The service answers %d: %s".formatted(response.statusCode(), response.body()));
        }
        return json.readTree(response.body());
    }

    /** Seconds from the request to the end. */
    private static double seconds(JsonNode audit) {
        return Duration.between(
                                Instant.parse(audit.path("startedAt").asText()),
                                Instant.parse(audit.path("endedAt").asText()))
                        .toMillis()
                / 1e3;
    }

    private static Database database(Postgres postgres, String name) {
        return Database.of(postgres.jdbcUrl(name));
    }
}
