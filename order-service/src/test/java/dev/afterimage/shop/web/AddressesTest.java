package dev.afterimage.shop.web;

import static dev.afterimage.shop.Shop.newCustomer;
import static dev.afterimage.shop.Shop.order;
import static io.restassured.RestAssured.given;
import static org.assertj.core.api.Assertions.assertThat;
import static org.hamcrest.Matchers.emptyString;
import static org.hamcrest.Matchers.equalTo;

import io.quarkus.test.common.http.TestHTTPResource;
import io.quarkus.test.junit.QuarkusTest;
import java.io.IOException;
import java.net.Socket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Unusual and invalid methods, headers and addresses. */
@QuarkusTest
class AddressesTest {

    private static final String SOME = "/0199f2a4-7c10-7b3e-9d55-1f0c6a2b8e01";

    /** Injected by Quarkus. */
    @SuppressWarnings("NullAway.Init")
    @TestHTTPResource
    URI service;

    @ParameterizedTest
    @CsvSource({
        "/orders, 'GET, HEAD, OPTIONS, POST'",
        "/orders$, 'DELETE, GET, HEAD, OPTIONS'",
        "/orders$/items, 'OPTIONS, PUT'",
        "/orders$/status, 'OPTIONS, PUT'",
        "/orders/cancellations, 'DELETE, GET, HEAD, OPTIONS, POST'",
        "/customers, 'GET, HEAD, OPTIONS, POST'",
        "/customers$, 'DELETE, GET, HEAD, OPTIONS, PUT'",
        "/snapshots, 'OPTIONS, POST'"
    })
    void namesTheMethodsOfAnAddress(String path, String methods) {
        var address = path.replace("$", SOME);

        given().request("PATCH", address)
                .then()
                .statusCode(405)
                .header("Allow", methods)
                .contentType("application/problem+json")
                .body("type", equalTo("urn:problem-type:afterimage:method-not-allowed"));
        given().options(address).then().statusCode(200).header("Allow", methods).body(emptyString());
    }

    @ParameterizedTest
    @ValueSource(strings = {"/nothing", "/orders/a/b", "/orders/a/items/b"})
    void answers404ToAnyMethodAtAnUnknownAddress(String path) {
        for (var method : new String[] {"OPTIONS", "GET", "PATCH"}) {
            given().request(method, path)
                    .then()
                    .statusCode(404)
                    .contentType("application/problem+json")
                    .body("type", equalTo("urn:problem-type:afterimage:unknown-address"));
        }
    }

    @Test
    void answersHeadLikeGetWithoutTheBody() {
        var order = "/orders/" + order();
        given().head(order).then().statusCode(200).header("ETag", "\"1\"").body(emptyString());
        given().header("If-None-Match", "\"1\"").head(order).then().statusCode(304);
        given().head("/orders" + SOME).then().statusCode(404).body(emptyString());
    }

    /** Sent through a socket, because no client library sends such requests. */
    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "GET /orders?limit=1        | Accept: nonsense                               | 406",
                "GET /orders?limit=1        | Accept: application/json;q=x                   | 200",
                "GET /orders?limit=1        | Accept: text/html, */*;q=0.1                   | 200",
                "GET /orders$               | If-None-Match: nonsense                        | 404",
                "GET /orders/ORDER          | If-None-Match: nonsense                        | 400",
                "GET /orders/ORDER          | If-None-Match: \"                              | 400",
                "GET /orders/ORDER          | If-None-Match: W/                              | 400",
                "GET /orders/ORDER          | If-None-Match: *                               | 304",
                "GET /orders/ORDER          | If-None-Match: \"7\", \"1\"                 | 304",
                "PUT /orders/ORDER/status   | If-Match: nonsense                             | 400",
                "PUT /orders/ORDER/status   | If-Match: \"9\", W/\"1\"                   | 412",
                "PUT /orders/ORDER/status   | If-Match: \"9\", \"1\"                     | 200",
                "PUT /orders/ORDER/status   | If-Match: TAGS                                 | 412",
                "PUT /orders/ORDER/status   | Content-Type: nonsense                         | 400",
                "PUT /orders/ORDER/status   | Content-Type: application/json; charset=nope   | 200",
                "PUT /orders/ORDER/status   | Content-Type: application/json; charset=UTF-16 | 200",
                "GET /customers?email=%00   | X: y                                           | 400",
                "GET /products?sku=%00      | X: y                                           | 400",
                "GET /products?sku=%ED%A0%80 | X: y                                          | 200",
                "GET /orders/%00            | X: y                                           | 400",
                "GET /orders/%zz            | X: y                                           | 400",
                "GET /orders?customerId=%zz | X: y                                           | 400",
                "GET /orders?%              | X: y                                           | 400",
                "GET /orders?limit=1        | X: LONG                                        | 431",
                "GET /orders?limit=1        | X\u0001: y                                    | 400",
                "POST /orders               | Content-Length: -1                             | 400",
                "POST /orders               | Content-Length: 99999999999999999999           | 400",
                "FETCH /orders              | X: y                                           | 405",
                "OPTIONS *                  | X: y                                           | 404",
                "GET http://other/orders    | X: y                                           | 200",
                "GET //orders?limit=1       | X: y                                           | 200",
                "GET /orders?limit=1        | Host: y                                        | 400",
                "POST /orders               | Content-Encoding: gzip                         | 415",
                "POST /orders               | Content-Encoding: nonsense                     | 415",
                "PUT /orders/ORDER/status   | Content-Encoding: identity                     | 200",
                "PUT /orders/ORDER/status   | Transfer-Encoding: gzip, chunked               | 400",
                "PUT /orders/ORDER/status   | Transfer-Encoding: nonsense                    | 400"
            })
    void answersWithAResultOrAProblem(String request, String header, int status) throws IOException {
        var body = header.startsWith("Content-Length") ? "" : "{\"status\": \"PAID\"}";
        var answer = raw(
                request.replace("$", SOME).replace("ORDER", order()),
                header.replace("TAGS", "\"0\",".repeat(2_500) + "\"0\"").replace("LONG", "y".repeat(30_000)),
                body);

        assertThat(answer).startsWith("HTTP/1.1 " + status);
        assertThat(answer).doesNotContainIgnoringCase("exception").doesNotContain("dev.afterimage", "java.", "select ");
        if (status >= 400) {
            assertThat(answer).containsIgnoringCase("Content-Type: " + "application/problem+json");
        }
    }

    /** Requests without a Host header: HTTP/1.0 allows them, HTTP/1.1 forbids them. */
    @ParameterizedTest
    @CsvSource({
        "GET /orders?limit=1 HTTP/1.0, 200",
        "GET /orders/ORDER HTTP/1.0, 200",
        "HEAD /orders?limit=1 HTTP/1.0, 200",
        "GET /nothing HTTP/1.0, 404",
        "GET /q/health/live HTTP/1.0, 200",
        "POST /customers HTTP/1.0, 201",
        "GET /orders?limit=1 HTTP/1.1, 400",
        "POST /customers HTTP/1.1, 400"
    })
    void answersARequestThatNamesNoHost(String request, int status) throws IOException {
        order();
        var order = order();
        var body = request.startsWith("POST") ? newCustomer() : "";
        var answer = sent("%s\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s"
                .formatted(request.replace("ORDER", order), body.length(), body));

        assertThat(answer).startsWith("HTTP/1").contains(" " + status + " ");
        if (status >= 400) {
            assertThat(answer).contains("application/problem+json").doesNotContainIgnoringCase("exception");
        }
        if (request.startsWith("GET /orders?") && status == 200) {
            assertThat(answer).contains("</orders?limit=1&after=");
        }
    }

    private String raw(String request, String header, String body) throws IOException {
        var type = header.startsWith("Content-Type") ? "" : "Content-Type: application/json\r\n";
        var length = body.isEmpty() ? "" : "Content-Length: %d\r\n".formatted(body.length());
        return sent("%s HTTP/1.1\r\nHost: x\r\nConnection: close\r\n%s%s%s\r\n\r\n%s"
                .formatted(request, type, length, header, body));
    }

    private String sent(String request) throws IOException {
        try (var socket = new Socket(service.getHost(), service.getPort())) {
            socket.setSoTimeout(20_000);
            socket.getOutputStream().write(request.getBytes(StandardCharsets.ISO_8859_1));
            return new String(socket.getInputStream().readAllBytes(), StandardCharsets.ISO_8859_1);
        }
    }
}
