package dev.afterimage.shop.web;

import static dev.afterimage.shop.Shop.customer;
import static dev.afterimage.shop.Shop.placed;
import static dev.afterimage.shop.Shop.post;
import static dev.afterimage.shop.Shop.product;
import static dev.afterimage.shop.Shop.put;
import static io.restassured.RestAssured.given;
import static org.assertj.core.api.Assertions.assertThat;
import static org.hamcrest.Matchers.contains;
import static org.hamcrest.Matchers.equalTo;

import io.quarkus.test.common.http.TestHTTPResource;
import io.quarkus.test.junit.QuarkusTest;
import java.io.ByteArrayInputStream;
import java.math.BigDecimal;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.UUID;
import java.util.logging.Handler;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Each limit is tested at the last allowed and at the first refused value. */
@QuarkusTest
class LimitsTest {

    private static final int MAX_BODY_BYTES = 256 * 1024;

    /** Injected by Quarkus. */
    @SuppressWarnings("NullAway.Init")
    @TestHTTPResource
    URI service;

    @ParameterizedTest
    @CsvSource({"1, 201", "200, 201", "201, 400", "0, 400"})
    void takesNamesOfUpTo200Characters(int length, int status) {
        var name = "é".repeat(length);
        post("/customers", "{\"name\": \"%s\", \"email\": \"%s@example.com\"}".formatted(name, UUID.randomUUID()))
                .statusCode(status);
        post("/products", "{\"sku\": \"%s\", \"name\": \"%s\", \"price\": 1}".formatted(UUID.randomUUID(), name))
                .statusCode(status);
    }

    @ParameterizedTest
    @CsvSource({"254, 201", "255, 400"})
    void takesEmailsOfUpTo254Characters(int length, int status) {
        var local = (UUID.randomUUID() + "x".repeat(64)).substring(0, 64);
        var host = (("h".repeat(60) + ".").repeat(3) + "example").substring(0, length - 65);
        post("/customers", "{\"name\": \"Ada\", \"email\": \"%s@%s\"}".formatted(local, host))
                .statusCode(status);
    }

    @ParameterizedTest
    @CsvSource({"64, 201", "65, 400"})
    void takesSkusOfUpTo64Characters(int length, int status) {
        var sku = (UUID.randomUUID() + "x".repeat(64)).substring(0, Math.min(length, 64)) + "y".repeat(length - 64);
        post("/products", "{\"sku\": \"%s\", \"name\": \"Lamp\", \"price\": 1}".formatted(sku))
                .statusCode(status);
    }

    @ParameterizedTest
    @CsvSource({
        "0, 201",
        "-0.01, 400",
        "0.01, 201",
        "0.001, 400",
        "1.10, 201",
        "1.100, 400",
        "9999999999.99, 201",
        "10000000000.00, 400",
        "1e9, 201",
        "1e10, 400",
        "1e-2, 201",
        "1e-3, 400",
        "0e99, 400"
    })
    void takesPricesFromZeroToTenDigitsAndTwoDecimals(String price, int status) {
        for (var written : List.of(price, '"' + price + '"')) {
            // a number may have an exponent; a string may not
            var taken = status == 201 && !(written.startsWith("\"") && price.contains("e"));
            post(
                            "/products",
                            "{\"sku\": \"%s\", \"name\": \"Lamp\", \"price\": %s}"
                                    .formatted(UUID.randomUUID(), written))
                    .statusCode(taken ? 201 : 400)
                    .body(
                            taken ? "price" : "errors[0].field",
                            equalTo(taken ? new BigDecimal(price).setScale(2).toPlainString() : "price"));
        }
    }

    @ParameterizedTest
    @CsvSource({"1, 201", "10000, 201", "0, 400", "10001, 400"})
    void takesQuantitiesFrom1To10000(int quantity, int status) {
        post("/orders", orderOf(line(product("1.00"), quantity))).statusCode(status);
    }

    @ParameterizedTest
    @CsvSource({"100, 201, 200", "101, 400, 400", "0, 400, 400"})
    void takesUpTo100Lines(int lines, int placed, int changed) {
        var line = line(product("1.00"), 1);
        var items = String.join(",", Collections.nCopies(lines, line));

        post("/orders", orderOf(items)).statusCode(placed);
        put("/orders/%s/items".formatted(placed(orderOf(line))), "{\"items\": [%s]}".formatted(items))
                .then()
                .statusCode(changed);
    }

    @Test
    void takesTotalsUpToWhatTheColumnHolds() {
        var dearest = line(product("9999999999.99"), 100);
        var most = dearest + "," + line(product("0.99"), 1);
        var tooMuch = dearest + "," + line(product("1.00"), 1);

        post("/orders", orderOf(most)).statusCode(201).body("total", equalTo("999999999999.99"));
        post("/orders", orderOf(tooMuch)).statusCode(400).body("errors.field", contains("items"));
        put("/orders/%s/items".formatted(placed(orderOf(dearest))), "{\"items\": [%s]}".formatted(tooMuch))
                .then()
                .statusCode(400)
                .body("errors.field", contains("items"));
    }

    @ParameterizedTest
    @CsvSource({"1, 200", "100, 200", "0, 400", "101, 400", "-1, 400", "99999999999, 400", "1.0, 400"})
    void listsFrom1To100(String limit, int status) {
        given().queryParam("limit", limit).get("/orders").then().statusCode(status);
    }

    @ParameterizedTest
    @CsvSource({"1, 201", "255, 201", "256, 400"})
    void takesKeysOfUpTo255Characters(int length, int status) {
        var key = (UUID.randomUUID() + "k".repeat(256)).substring(length == 1 ? 35 : 0, length == 1 ? 36 : length);
        given().contentType("application/json")
                .header(GuardingHeaders.IDEMPOTENCY_KEY, key)
                .body(customerOf(0))
                .post("/customers")
                .then()
                .statusCode(status);
    }

    /** Numbers and nesting depths that would be expensive to compute or to read completely. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "{\"sku\": \"s\", \"name\": \"n\", \"price\": 1e1000000}",
                "{\"sku\": \"s\", \"name\": \"n\", \"price\": \"1e1000000\"}",
                "{\"sku\": \"s\", \"name\": \"n\", \"price\": \"1e-2147483647\"}",
                "{\"sku\": \"s\", \"name\": \"n\", \"price\": 1e99999999999999999999}",
                "{\"sku\": \"s\", \"name\": \"n\", \"price\": DIGITS}",
                "{\"sku\": \"s\", \"name\": \"n\", \"price\": \"DIGITS\"}",
                "{\"sku\": \"s\", \"name\": \"n\", \"price\": DEPTH",
                "{\"surprise\": DEPTH",
                "{\"items\": [{\"quantity\": 1e1000000}]}",
                "DEPTH"
            })
    @Timeout(5)
    void refusesAtOnceWhatWouldTakeLong(String body) throws Exception {
        var large = body.replace("DIGITS", "9".repeat(200_000)).replace("DEPTH", "[".repeat(200_000));

        var answer = sent(body.contains("items") ? "/orders" : "/products", large, false);

        assertThat(answer.statusCode()).isEqualTo(400);
        assertThat(answer.body()).contains("urn:problem-type:afterimage:").hasSizeLessThan(1_000);
    }

    @ParameterizedTest
    @CsvSource({"true, 0, 201", "true, 1, 413", "false, 0, 201", "false, 1, 413"})
    void takesBodiesOfUpTo256KilobytesInChunksOrNot(boolean chunked, int beyond, int status) throws Exception {
        var log = new Log();
        Logger.getLogger("").addHandler(log);
        try {
            var answer = sent("/customers", customerOf(MAX_BODY_BYTES + beyond), chunked);

            assertThat(answer.statusCode()).isEqualTo(status);
            if (status == 413) {
                assertThat(answer.headers().firstValue("Content-Type")).hasValue("application/problem+json");
                assertThat(answer.body()).contains("The body may have at most 262144 bytes.");
            }
            assertThat(log.warnings).isEmpty();
        } finally {
            Logger.getLogger("").removeHandler(log);
        }
    }

    private HttpResponse<String> sent(String path, String body, boolean chunked) throws Exception {
        var bytes = body.getBytes(StandardCharsets.UTF_8);
        try (var client = HttpClient.newBuilder()
                .version(HttpClient.Version.HTTP_1_1)
                .connectTimeout(Duration.ofSeconds(10))
                .build()) {
            return client.send(
                    HttpRequest.newBuilder(service.resolve(path))
                            .header("Content-Type", "application/json")
                            .POST(
                                    chunked
                                            ? BodyPublishers.ofInputStream(() -> new ByteArrayInputStream(bytes))
                                            : BodyPublishers.ofByteArray(bytes))
                            .build(),
                    BodyHandlers.ofString());
        }
    }

    /** A new customer in a body of at least this number of bytes. */
    private static String customerOf(int bytes) {
        var customer = "{\"name\": \"Ada\", \"email\": \"ada-%s@example.com\"}".formatted(UUID.randomUUID());
        return customer + " ".repeat(Math.max(0, bytes - customer.length()));
    }

    private static String orderOf(String items) {
        return "{\"customerId\": \"%s\", \"items\": [%s]}".formatted(customer(), items);
    }

    private static String line(String product, int quantity) {
        return "{\"productId\": \"%s\", \"quantity\": %d}".formatted(product, quantity);
    }

    /** Collects warnings and errors. */
    private static final class Log extends Handler {

        private final List<String> warnings = Collections.synchronizedList(new ArrayList<>());

        @Override
        public void publish(LogRecord line) {
            if (line.getLevel().intValue() >= java.util.logging.Level.WARNING.intValue()) {
                warnings.add(line.getMessage());
            }
        }

        @Override
        public void flush() {}

        @Override
        public void close() {}
    }
}
