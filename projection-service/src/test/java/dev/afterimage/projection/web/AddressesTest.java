package dev.afterimage.projection.web;

import static org.assertj.core.api.Assertions.assertThat;

import io.quarkus.test.common.http.TestHTTPResource;
import io.quarkus.test.junit.QuarkusTest;
import java.io.IOException;
import java.net.Socket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Requests that no client library sends. Each gets a result or a problem. */
@QuarkusTest
class AddressesTest {

    /** Injected by Quarkus. */
    @SuppressWarnings("NullAway.Init")
    @TestHTTPResource
    URI service;

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "GET /orders?limit=1 HTTP/1.0         |                               | 200",
                "GET /orders/none HTTP/1.0            |                               | 400",
                "GET /nothing HTTP/1.0                |                               | 404",
                "GET /q/health/live HTTP/1.0          |                               | 200",
                "POST /rebuilds HTTP/1.0              | If-Match: 1                   | 400",
                "GET /orders?limit=1 HTTP/1.1         |                               | 400",
                "GET /orders?limit=1 HTTP/1.1         | Host: a b                     | 400",
                "GET /orders HTTP/1.1                 | Host: a\\nHost: b              | 400",
                "GET http://other/orders HTTP/1.1     | Host: x                       | 200",
                "GET //orders?limit=1 HTTP/1.1        | Host: x                       | 200",
                "OPTIONS * HTTP/1.1                   | Host: x                       | 404",
                "TRACE /orders HTTP/1.1               | Host: x                       | 405",
                "GET /orders/%00 HTTP/1.1             | Host: x                       | 400",
                "GET /orders/%ff HTTP/1.1             | Host: x                       | 400",
                "GET /orders HTTP/1.1                 | Host: x\\nAccept: nonsense     | 406",
                "POST /rebuilds HTTP/1.1              | Host: x\\nContent-Type: text/plain\\nContent-Length: 1 | 415",
                "POST /rebuilds HTTP/1.1              | Host: x\\nContent-Type: nonsense\\nContent-Length: 1   | 400",
                "POST /rebuilds HTTP/1.1              | Host: x\\nContent-Type: application/json\\nContent-Length: 262145 | 413",
                "POST /rebuilds HTTP/1.1              | Host: x\\nContent-Encoding: gzip                      | 415",
                "POST /rebuilds HTTP/1.1              | Host: x\\nTransfer-Encoding: nonsense                 | 400"
            })
    void answersWithAResultOrAProblem(String line, @Nullable String headers, int status) throws IOException {
        String answer = sent("%s\r\nConnection: close\r\n%s\r\nx"
                .formatted(line, headers == null ? "" : headers.replace("\\n", "\r\n") + "\r\n"));

        assertThat(answer).startsWith("HTTP/1").contains(" " + status + " ");
        assertThat(answer).doesNotContainIgnoringCase("exception").doesNotContain("dev.afterimage", "java.", "select ");
        if (status >= 400) {
            assertThat(answer).containsIgnoringCase("Content-Type: application/problem+json");
        }
    }

    @Test
    void refusesALargeBodyThatComesInChunks() throws IOException {
        String answer = sent("""
                POST /rebuilds HTTP/1.1
                Host: x
                Content-Type: application/json
                Transfer-Encoding: chunked

                50000
                %s
                0

                """.replace("\n", "\r\n").formatted(" ".repeat(0x50000)));

        assertThat(answer)
                .startsWith("HTTP/1.1 413")
                .containsIgnoringCase("Content-Type: application/problem+json")
                .contains("The body may have at most 262144 bytes.");
    }

    private String sent(String request) throws IOException {
        try (var socket = new Socket(service.getHost(), service.getPort())) {
            socket.setSoTimeout(20_000);
            socket.getOutputStream().write(request.getBytes(StandardCharsets.ISO_8859_1));
            return new String(socket.getInputStream().readAllBytes(), StandardCharsets.ISO_8859_1);
        }
    }
}
