package dev.afterimage.shop.idempotency;

import static dev.afterimage.shop.Shop.customer;
import static dev.afterimage.shop.Shop.get;
import static dev.afterimage.shop.Shop.newCustomer;
import static dev.afterimage.shop.Shop.newProduct;
import static dev.afterimage.shop.Shop.orderOf;
import static dev.afterimage.shop.Shop.placed;
import static dev.afterimage.shop.Shop.post;
import static dev.afterimage.shop.Shop.product;
import static io.restassured.RestAssured.given;
import static java.nio.charset.StandardCharsets.UTF_8;
import static java.util.concurrent.CompletableFuture.supplyAsync;
import static org.assertj.core.api.Assertions.assertThat;
import static org.hamcrest.Matchers.contains;
import static org.hamcrest.Matchers.equalTo;
import static org.hamcrest.Matchers.hasSize;

import dev.afterimage.shop.Gate;
import dev.afterimage.shop.web.GuardingHeaders;
import dev.afterimage.shop.web.ProblemType;
import dev.afterimage.testing.Database;
import io.quarkus.test.junit.QuarkusTest;
import io.restassured.RestAssured;
import io.restassured.http.ContentType;
import io.restassured.response.Response;
import jakarta.inject.Inject;
import java.net.InetAddress;
import java.net.Socket;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.Executors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

@QuarkusTest
class IdempotencyTest {

    private final Database database = Database.ofService();
    private final String key = UUID.randomUUID().toString();

    @Inject
    IdempotencyKeys keys;

    @ParameterizedTest
    @ValueSource(strings = {"/customers", "/products", "/orders", "/orders/cancellations"})
    void repeatsTheFirstAnswerWhateverHasHappenedSince(String path) {
        var customer = customer();
        var body =
                switch (path) {
                    case "/customers" -> newCustomer();
                    case "/products" -> newProduct("29.90");
                    case "/orders" -> orderOf(customer, product("29.90"), 2);
                    default -> "{\"customerId\": \"%s\"}".formatted(customer);
                };
        if (path.equals("/orders/cancellations")) {
            placed(orderOf(customer, product("29.90"), 2));
        }

        var first = post(path, body, key);
        first.then().statusCode(path.equals("/orders/cancellations") ? 200 : 201);
        if (first.header("Location") != null) {
            given().delete(first.header("Location")).then().statusCode(204);
        }
        var second = post(path, body, key);

        assertThat(told(second)).isEqualTo(told(first));
        assertThat(second.asByteArray()).isEqualTo(first.asByteArray());
        if (first.header("Location") != null) {
            assertThat(first.header("Location")).isEqualTo(path + "/" + first.path("id"));
        }
    }

    @Test
    void answersAsWithoutAKey() {
        var order = orderOf(customer(), product("29.90"), 2);

        var without = post("/orders", order).extract().response();
        var with = post("/orders", order, key);

        assertThat(told(with).toString())
                .isEqualTo(told(without).toString().replace(without.path("id"), with.path("id")));
        get("/orders/" + with.path("id")).body(equalTo(with.asString()));
    }

    @Test
    void doesTheWorkOnceForTwinsThatComeTogether() throws Exception {
        var customer = customer();
        var order = orderOf(customer, product("29.90"), 2);
        try (var clients = Executors.newVirtualThreadPerTaskExecutor();
                var gate = Gate.behindDeletesFrom("outbox")) {
            var first = supplyAsync(() -> post("/orders", order, key), clients);
            gate.awaitWaiting(1);
            var twin = supplyAsync(() -> post("/orders", order, key), clients);
            gate.awaitWaiting(2);
            gate.open();

            first.join().then().statusCode(201);
            assertThat(told(twin.join())).isEqualTo(told(first.join()));
            assertThat(twin.join().asByteArray()).isEqualTo(first.join().asByteArray());
        }
        get("/orders?customerId=" + customer).body("", hasSize(1));
    }

    @Test
    void keepsNoOrderWhoseAnswerItCannotKeep() {
        var customer = customer();
        var order = orderOf(customer, product("29.90"), 2);
        database.execute("""
                create function refuse() returns trigger language plpgsql as $$ begin raise 'no'; end $$;
                create trigger refuse before update on idempotency_keys for each row execute function refuse();
                """);
        var answer = post("/orders", order, key);
        database.execute("drop function refuse cascade");
        answer.then().statusCode(500);
        get("/orders?customerId=" + customer).body("", hasSize(0));
        post("/orders", order, key).then().statusCode(201);
    }

    @Test
    void refusesAnotherRequestUnderTheSameKey() {
        var customer = customer();
        var product = product("29.90");
        post("/orders", orderOf(customer, product, 2), key).then().statusCode(201);

        for (var other : List.of(
                post("/orders", orderOf(customer, product, 3), key),
                post("/orders/cancellations", "{\"customerId\": \"%s\"}".formatted(customer), key),
                post("/customers", newCustomer(), key))) {
            other.then()
                    .statusCode(422)
                    .contentType("application/problem+json")
                    .body("type", equalTo(ProblemType.KEY_REUSED.uri()));
        }
        get("/orders?customerId=" + customer).body("", hasSize(1)).body("status", contains("PENDING"));
    }

    @Test
    void knowsTheSameRequestHoweverItIsWritten() {
        var email = UUID.randomUUID() + "@example.com";
        var first = post("/customers", "{\"name\":\"Ada\",\"email\":\"%s\"}".formatted(email), key);
        var second = post("/customers", "{ \"email\": \"%s\", \"name\": \"\\u0041da\" }".formatted(email), key);

        first.then().statusCode(201);
        assertThat(second.asString()).isEqualTo(first.asString());
    }

    @Test
    void forgetsARefusedRequest() {
        var ada = newCustomer();
        var other = post("/customers", ada).extract().header("Location");
        post("/customers", ada, key).then().statusCode(409);
        given().delete(other).then().statusCode(204);
        post("/customers", ada, key).then().statusCode(201);

        var anotherKey = UUID.randomUUID().toString();
        post("/orders", orderOf(UUID.randomUUID().toString(), product("1.00"), 1), anotherKey)
                .then()
                .statusCode(400);
        post("/orders", orderOf(customer(), product("1.00"), 1), anotherKey)
                .then()
                .statusCode(201);
    }

    /** Such a key must not count as no key: a repetition would place a second order. */
    @ParameterizedTest
    @ValueSource(strings = {"", " ", "twice"})
    void refusesAnEmptyOrRepeatedKey(String header) {
        var customer = customer();
        var request = given().contentType(ContentType.JSON).body(orderOf(customer, product("29.90"), 2));

        (header.equals("twice")
                        ? request.header(GuardingHeaders.IDEMPOTENCY_KEY, key, key)
                        : request.header(GuardingHeaders.IDEMPOTENCY_KEY, header))
                .post("/orders")
                .then()
                .statusCode(400)
                .contentType("application/problem+json")
                .body("errors.field", contains(GuardingHeaders.IDEMPOTENCY_KEY));
        get("/orders?customerId=" + customer).body("", hasSize(0));
    }

    @ParameterizedTest
    @CsvSource({"1, x, 201", "2, !~, 201", "255, x, 201", "256, x, 400", "9, two words, 400"})
    void takesKeysOfUpTo255VisibleCharacters(int length, String text, int status) {
        var padded = text + "x".repeat(length - text.length());
        var answer = post("/customers", newCustomer(), padded).then().statusCode(status);
        if (status == 400) {
            answer.body("errors.field", contains(GuardingHeaders.IDEMPOTENCY_KEY));
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"UTF-8", "ISO-8859-1"})
    void refusesAKeyWithALetterThatIsNotAscii(String charset) throws Exception {
        var request = """
                POST /customers HTTP/1.1\r
                Host: shop\r
                Content-Type: application/json\r
                Idempotency-Key: schlüssel\r
                Connection: close\r
                Content-Length: %d\r
                \r
                %s""".formatted(newCustomer().length(), newCustomer());
        // no HTTP client sends such a header
        try (var socket = new Socket(InetAddress.getLoopbackAddress(), RestAssured.port)) {
            socket.getOutputStream().write(request.getBytes(charset));
            var answer = new String(socket.getInputStream().readAllBytes(), UTF_8);
            assertThat(answer).startsWith("HTTP/1.1 400 ").contains(GuardingHeaders.IDEMPOTENCY_KEY);
        }
    }

    @Test
    void forgetsKeysWhoseTimeHasComeInSmallBatches() throws Exception {
        post("/customers", newCustomer(), key).then().statusCode(201);
        try (var another = database.connect();
                var lock = another.createStatement()) {
            database.execute("""
                    insert into idempotency_keys (caller, key, fingerprint, created_at)
                    select 'local', 'old ' || n, '', now() - interval '25 hours' from generate_series(1, 1200) n;
                    create table batches (number serial, size int);
                    create function note_batch() returns trigger language plpgsql security definer as
                    $$ begin insert into batches (size) select count(*) from gone; return null; end $$;
                    create trigger note_batch after delete on idempotency_keys
                    referencing old table as gone for each statement execute function note_batch();
                    """);
            another.setAutoCommit(false);
            lock.execute("select from idempotency_keys where key = 'old 1' for update");

            keys.forget();

            assertThat(database.rows("select size from batches order by number"))
                    .containsExactly("500", "500", "199");
            assertThat(database.rows(
                            "select key from idempotency_keys where key like 'old %%' or key = '%s'".formatted(key)))
                    .as("locked by another instance, and young")
                    .containsExactlyInAnyOrder("old 1", key);
            another.rollback();
            database.execute("drop function note_batch cascade; drop table batches");
        }
    }

    /** Status and headers of an answer. */
    private static List<String> told(Response answer) {
        return Stream.concat(
                        Stream.of(answer.statusLine()),
                        Stream.of("Location", "ETag", "Content-Type").map(name -> name + ": " + answer.header(name)))
                .toList();
    }
}
