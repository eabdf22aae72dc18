package dev.afterimage.projection.web;

import static io.restassured.RestAssured.given;
import static org.assertj.core.api.Assertions.assertThat;

import dev.afterimage.testing.SecurityRules;
import dev.afterimage.testing.TokenIssuer;
import io.quarkus.test.common.WithTestResource;
import io.quarkus.test.junit.QuarkusTest;
import io.restassured.RestAssured;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

@QuarkusTest
@WithTestResource(TokenIssuer.class)
class SecurityTest extends SecurityRules {

    private static boolean isForAdmins(Operation operation) {
        return !operation.reads()
                || operation.path().startsWith("/dead-letters")
                || operation.path().startsWith("/rebuilds")
                || operation.path().startsWith("/audit");
    }

    @Test
    void letsAReaderReadTheReadModelOnly() {
        assertThat(operations()).extracting(Operation::path).contains("/orders", "/events", "/dead-letters/replays");
        for (var operation : operations()) {
            if (isForAdmins(operation)) {
                refused(call(as(ANYBODY, READ), operation), 403, "The operation needs the role orders:admin.");
            } else if (!operation.path().equals("/events")) { // its answer does not end
                assertThat(call(as(ANYBODY, READ), operation).statusCode())
                        .as("%s", operation)
                        .isNotIn(401, 403, 500);
            }
        }
    }

    @Test
    void opensEverythingToAnAdmin() {
        for (var operation : operations()) {
            if (operation.reads() && !operation.path().equals("/events")) {
                assertThat(call(as(ANYBODY, ADMIN), operation).statusCode())
                        .as("%s", operation)
                        .isNotIn(401, 403, 500);
            }
        }
        as(ANYBODY, ADMIN).get("/dead-letters").then().statusCode(200);
        as(ANYBODY, ADMIN).post("/dead-letters/0/replay").then().statusCode(404);
        as(ANYBODY, ADMIN).delete("/dead-letters/0").then().statusCode(404);
    }

    /** Addresses that the check of roles could read differently from Jakarta REST. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "/dead-letters",
                "/dead-letters/",
                "//dead-letters",
                "/./dead-letters",
                "/orders/../dead-letters",
                "/dead%2Dletters",
                "/dead%2dletters/1",
                "/dead-letters;a=b",
                "/dead-letters;/1",
                "/;a/dead-letters",
                "/dead-letters?limit=1"
            })
    void showsAReaderNoDeadLetterByWhateverAddress(String address) throws Exception {
        assertThat(get(address, token(ANYBODY, READ)).statusCode()).isIn(403, 404);
    }

    @ParameterizedTest
    @CsvSource({"'', 401", "orders:write, 403", "orders:read, 200", "orders:admin, 200"})
    void streamsEventsToReaders(String role, int status) throws Exception {
        assertThat(get("/events", role.isEmpty() ? "" : token(ANYBODY, role)).statusCode())
                .isEqualTo(status);
    }

    @Test
    void leavesThePageOpenEvenToABadToken() {
        for (var path : List.of("/", "/index.html", "/page/page.js", "/page/page.css")) {
            assertThat(given().get(path).statusCode()).as(path).isNotIn(401, 403);
            assertThat(given().auth().oauth2("nonsense").get(path).statusCode())
                    .as(path)
                    .isNotIn(401, 403);
        }
    }

    /** Sends the address unchanged; returns when the headers have arrived. */
    private static HttpResponse<?> get(String address, String token) throws Exception {
        try (var client = HttpClient.newHttpClient()) {
            var request = HttpRequest.newBuilder(URI.create("http://localhost:" + RestAssured.port + address));
            if (!token.isEmpty()) {
                request.header("Authorization", "Bearer " + token);
            }
            var response = client.send(request.build(), HttpResponse.BodyHandlers.ofInputStream());
            response.body().close();
            client.shutdownNow();
            return response;
        }
    }
}
