package dev.afterimage.projection.web;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;

import io.quarkus.test.common.http.TestHTTPResource;
import io.quarkus.test.junit.QuarkusTest;
import java.io.IOException;
import java.net.Socket;
import java.net.URI;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Vert.x or Quarkus refuse these requests before the router sees them. */
@QuarkusTest
class InvalidRequestsTest {

    private static final String GOOD = "GET /orders?limit=1 HTTP/1.1\r\nHost: x\r\n\r\n";
    private static final String NO_URI = "GET /orders/%zz HTTP/1.1\r\nHost: x\r\n\r\n";

    /** Injected by Quarkus. */
    @SuppressWarnings("NullAway.Init")
    @TestHTTPResource
    URI service;

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "GET                          |                                                     | 400 | invalid-request",
                "G{T /orders HTTP/1.1         | Host: x                                             | 400 | invalid-request",
                "GET /orders HTTP/x.1         | Host: x                                             | 400 | invalid-request",
                "GET /orders HTTP/3.0         | Host: x                                             | 400 | invalid-request",
                "GET /orders HTTP/0.9         | Host: x                                             | 400 | invalid-request",
                "GET /orders HTTP/1.1         | Host: x\\nX                                         | 400 | invalid-request",
                "GET /orders HTTP/1.0         | X                                                   | 400 | invalid-request",
                "HEAD /orders HTTP/1.1        | Host: x\\nX                                         | 400 |",
                "GET /orders HTTP/1.1         | Host: x\\nX : y                                     | 400 | invalid-request",
                "GET /orders HTTP/1.1         | Host: x\\nX: \0y                                    | 400 | invalid-request",
                "GET /orders HTTP/1.1         | Host: x\\nX: LONG                                   | 431 | headers-too-large",
                "GET /LONG HTTP/1.1           | Host: x                                             | 414 | target-too-long",
                "POST /orders HTTP/1.1        | Host: x\\nContent-Length: 1\\nContent-Length: 2     | 400 | invalid-request",
                "POST /orders HTTP/1.1        | Host: x\\nContent-Length: -1                        | 400 | invalid-request",
                "POST /orders HTTP/1.1        | Host: x\\nContent-Length: 1\\nTransfer-Encoding: chunked | 400 | invalid-request",
                "GET /orders/%zz HTTP/1.1     | Host: x                                             | 400 | invalid-request",
                "GET /orders/%zz HTTP/1.0     |                                                     | 400 | invalid-request",
                "HEAD /orders/%zz HTTP/1.1    | Host: x                                             | 400 |",
                "HEAD /orders/%zz HTTP/1.0    |                                                     | 400 |",
                "POST /orders/%zz HTTP/1.1    | Host: x\\nContent-Length: 1                         | 400 | invalid-request",
                "GET /orders?x={ HTTP/1.1     | Host: x                                             | 400 | invalid-request",
                "GET http:// HTTP/1.1         | Host: x                                             | 400 | invalid-request",
                "GET /orders HTTP/1.1         | Host: x\\nUpgrade: h2c                              | 400 | invalid-request",
                "HEAD /orders HTTP/1.1        | Host: x\\nUpgrade: h2c                              | 400 |",
                "FETCH /orders HTTP/1.1       | Host: x                                             | 405 | method-not-allowed"
            })
    void answersWithAProblem(String line, @Nullable String headers, int status, @Nullable String type)
            throws IOException {
        var request = line + (headers == null ? "" : "\\n" + headers) + "\\n\\n";
        try (var socket = send(request.replace("\\n", "\r\n").replace("LONG", "y".repeat(100_000)))) {
            var head = head(socket);

            assertThat(head)
                    .startsWith("HTTP/1.")
                    .contains(" " + status + " ")
                    .containsIgnoringCase("Content-Type: application/problem+json");
            if (type == null) {
                assertThat(socket.getInputStream().readAllBytes()).isEmpty();
            } else {
                assertThat(body(socket, head))
                        .contains("\"urn:problem-type:afterimage:" + type + "\"", "\"status\":" + status)
                        .contains(status == 400 ? "The request line or a header is not valid." : "")
                        .endsWith("}");
            }
        }
    }

    @Test
    void answersEachRequestUntilABrokenOneAndCloses() throws IOException {
        try (var socket = send(GOOD + NO_URI + GOOD + "nonsense\r\n\r\n" + GOOD)) {
            for (var status : new int[] {200, 400, 200, 400}) {
                var head = head(socket);
                assertThat(head).contains(" " + status + " ");
                assertThat(body(socket, head)).matches("(?s)[\\[{].*[]}]");
            }
            assertThat(socket.getInputStream().readAllBytes()).isEmpty();
        }
    }

    private Socket send(String requests) throws IOException {
        var socket = new Socket(service.getHost(), service.getPort());
        socket.setSoTimeout(20_000);
        socket.getOutputStream().write(requests.getBytes(ISO_8859_1));
        return socket;
    }

    private static String head(Socket socket) throws IOException {
        var head = new StringBuilder();
        while (head.indexOf("\r\n\r\n") < 0) {
            var next = socket.getInputStream().read();
            assertThat(next).as("after: " + head).isNotNegative();
            head.append((char) next);
        }
        return head.toString();
    }

    private static String body(Socket socket, String head) throws IOException {
        var length = head.replaceFirst("(?is).*content-length: ([0-9]+).*", "$1");
        return new String(socket.getInputStream().readNBytes(Integer.parseInt(length)), ISO_8859_1);
    }
}
