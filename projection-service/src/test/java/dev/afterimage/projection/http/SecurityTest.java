package dev.afterimage.projection.http;

import static dev.afterimage.projection.http.TokenIssuer.claims;
import static io.restassured.RestAssured.given;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.hamcrest.Matchers.equalTo;

import dev.afterimage.projection.StackResource;
import io.quarkus.test.common.QuarkusTestResource;
import io.quarkus.test.common.WithTestResource;
import io.quarkus.test.junit.QuarkusTest;
import io.restassured.RestAssured;
import io.restassured.http.ContentType;
import io.restassured.response.Response;
import io.restassured.response.ValidatableResponse;
import io.restassured.specification.RequestSpecification;
import io.smallrye.jwt.algorithm.SignatureAlgorithm;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.security.KeyPair;
import java.time.Duration;
import java.time.Instant;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import javax.crypto.spec.SecretKeySpec;
import org.jose4j.jws.JsonWebSignature;
import org.jose4j.jwt.JwtClaims;
import org.jose4j.jwt.consumer.InvalidJwtException;
import org.jose4j.lang.JoseException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

@QuarkusTest
@QuarkusTestResource(StackResource.class)
@WithTestResource(TokenIssuer.class)
class SecurityTest {

    private static final String READ = "orders:read";
    private static final String ADMIN = "orders:admin";

    /** Injected by {@link TokenIssuer}. */
    @SuppressWarnings("NullAway.Init")
    KeyPair issuer;

    private record Operation(String method, String path) {

        boolean reads() {
            return method.equals("get");
        }

        boolean isForAdmins() {
            return !reads()
                    || path.startsWith("/dead-letters")
                    || path.startsWith("/rebuilds")
                    || path.startsWith("/audit");
        }
    }

    @Test
    void closesEveryOperationToTheAnonymous() {
        for (var operation : operations()) {
            refused(call(given(), operation).then(), 401, "unauthenticated", "The request has none.")
                    .header("WWW-Authenticate", "Bearer");
        }
    }

    @Test
    void closesEveryOperationToATokenWithoutRoles() {
        for (var operation : operations()) {
            refused(call(as("orders:write"), operation).then(), 403, "forbidden", "It has no role that does.");
        }
    }

    @Test
    void opensToAReaderWhatShowsTheReadModelAndNothingElse() {
        for (var operation : operations()) {
            if (operation.isForAdmins()) {
                refused(call(as(READ), operation).then(), 403, "forbidden", "It has no role that does.");
            } else if (!operation.path().equals("/events")) { // which does not end
                assertThat(call(as(READ), operation).statusCode())
                        .as("%s", operation)
                        .isNotIn(401, 403, 500);
            }
        }
    }

    @Test
    void opensEverythingToAnAdmin() {
        for (var operation : operations()) {
            if (operation.reads() && !operation.path().equals("/events")) {
                assertThat(call(as(ADMIN), operation).statusCode())
                        .as("%s", operation)
                        .isNotIn(401, 403, 500);
            }
        }
        as(ADMIN).get("/dead-letters").then().statusCode(200);
        as(ADMIN).post("/dead-letters/0/replay").then().statusCode(404);
        as(ADMIN).delete("/dead-letters/0").then().statusCode(404);
    }

    /** Addresses that a resource could take for another one than the check of roles does. */
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
        assertThat(get(address, token(READ)).statusCode()).isIn(403, 404);
    }

    @ParameterizedTest
    @CsvSource({"'', 401", "orders:write, 403", "orders:read, 200", "orders:admin, 200"})
    void streamsEventsToReaders(String role, int status) throws Exception {
        assertThat(get("/events", role.isEmpty() ? "" : token(role)).statusCode())
                .isEqualTo(status);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "not three parts",
                "not JSON",
                "of another key",
                "changed",
                "signed with the public key as a secret",
                "not signed",
                "of another issuer",
                "of no issuer",
                "for another service",
                "for no service",
                "without end",
                "not yet valid",
                "of nobody"
            })
    void trustsNoTokenThatIs(String flaw) throws Exception {
        refused(given().auth().oauth2(flawed(flaw)).get("/orders").then(), 401, "unauthenticated", "It is not valid.")
                .header("WWW-Authenticate", "Bearer error=\"invalid_token\"");
    }

    @Test
    void saysOfAnExpiredTokenThatItIsExpired() {
        var token = claims("somebody", READ)
                .issuedAt(Instant.now().minus(Duration.ofHours(2)))
                .expiresAt(Instant.now().minus(Duration.ofHours(1)));

        refused(
                        given().auth()
                                .oauth2(token.sign(issuer.getPrivate()))
                                .get("/orders")
                                .then(),
                        401,
                        "unauthenticated",
                        "It has expired.")
                .header(
                        "WWW-Authenticate",
                        "Bearer error=\"invalid_token\", error_description=\"The token has expired\"");
        refused(
                given().auth()
                        .oauth2(token.sign(TokenIssuer.keys().getPrivate()))
                        .get("/orders")
                        .then(),
                401,
                "unauthenticated",
                "It is not valid.");
    }

    @Test
    void leavesHealthMetricsDocumentationAndThePageOpenEvenToABadToken() {
        for (var path : List.of("/q/health/live", "/q/metrics", "/q/openapi")) {
            given().get(path).then().statusCode(200);
            given().auth().oauth2("nonsense").get(path).then().statusCode(200);
        }
        for (var path : List.of("/", "/index.html", "/page/page.js", "/page/page.css")) {
            assertThat(given().get(path).statusCode()).as(path).isNotIn(401, 403);
            assertThat(given().auth().oauth2("nonsense").get(path).statusCode())
                    .as(path)
                    .isNotIn(401, 403);
        }
    }

    private String flawed(String flaw) throws Exception {
        var good = claims("somebody", READ).upn("ada");
        return switch (flaw) {
            case "not three parts" -> "abc";
            case "not JSON" -> "abc.def.ghi";
            case "of another key" -> good.sign(TokenIssuer.keys().getPrivate());
            case "changed" -> {
                var parts = good.sign(issuer.getPrivate()).split("\\.", -1);
                var raised = decoded(parts[1]).replace(READ, ADMIN);
                yield parts[0] + "." + encoded(raised) + "." + parts[2];
            }
            case "signed with the public key as a secret" ->
                good.jws()
                        .algorithm(SignatureAlgorithm.HS256)
                        .sign(new SecretKeySpec(
                                TokenIssuer.pem(issuer.getPublic()).getBytes(UTF_8), "HmacSHA256"));
            case "not signed" ->
                encoded("{\"alg\": \"none\"}") + "."
                        + good.sign(issuer.getPrivate()).split("\\.", -1)[1] + ".";
            case "of another issuer" ->
                good.issuer("https://elsewhere.example.com").sign(issuer.getPrivate());
            case "of no issuer" -> without("iss");
            case "for another service" -> good.audience("order-service").sign(issuer.getPrivate());
            case "for no service" -> without("aud");
            case "without end" -> without("exp");
            case "not yet valid" ->
                good.claim("nbf", Instant.now().plusSeconds(600).getEpochSecond())
                        .sign(issuer.getPrivate());
            case "of nobody" -> without("sub");
            default -> throw new IllegalArgumentException(flaw);
        };
    }

    /** By hand, since the builder puts back what a token must have. */
    private String without(String claim) throws JoseException, InvalidJwtException {
        var payload =
                claims("somebody", READ).upn("ada").sign(issuer.getPrivate()).split("\\.", -1)[1];
        var claims = JwtClaims.parse(decoded(payload));
        claims.unsetClaim(claim);
        var token = new JsonWebSignature();
        token.setAlgorithmHeaderValue("RS256");
        token.setKey(issuer.getPrivate());
        token.setPayload(claims.toJson());
        return token.getCompactSerialization();
    }

    private static String decoded(String part) {
        return new String(Base64.getUrlDecoder().decode(part), UTF_8);
    }

    private static String encoded(String json) {
        return Base64.getUrlEncoder().withoutPadding().encodeToString(json.getBytes(UTF_8));
    }

    /** All that the service describes, with an id that nothing has; new ones are found by themselves. */
    private static List<Operation> operations() {
        Map<String, Map<String, Object>> paths = given().accept(ContentType.JSON)
                .get("/q/openapi")
                .then()
                .extract()
                .path("paths");
        var operations = paths.entrySet().stream()
                .flatMap(path -> path.getValue().keySet().stream()
                        .filter(List.of("get", "post", "put", "delete")::contains)
                        .map(method -> new Operation(
                                method,
                                path.getKey()
                                        .replaceAll(
                                                "\\{[^}]*}", UUID.randomUUID().toString()))))
                .toList();
        assertThat(operations).extracting(Operation::path).contains("/orders", "/events", "/dead-letters/replays");
        return operations;
    }

    private static Response call(RequestSpecification caller, Operation operation) {
        return caller.request(operation.method(), operation.path());
    }

    private RequestSpecification as(String role) {
        return given().auth().oauth2(token(role));
    }

    private String token(String role) {
        return claims("somebody", role).sign(issuer.getPrivate());
    }

    /** Returns when the headers are there, and sends the address as it is. */
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

    private static ValidatableResponse refused(ValidatableResponse response, int status, String type, String detail) {
        response.statusCode(status)
                .contentType("application/problem+json")
                .body("type", equalTo("urn:problem-type:afterimage:" + type))
                .body("status", equalTo(status))
                .body("detail", equalTo(detail));
        assertThat(response.extract().asString() + response.extract().headers())
                .doesNotContainIgnoringCase("exception")
                .doesNotContainIgnoringCase("signature")
                .doesNotContain("example.com", "dev.afterimage", "jose4j", "smallrye");
        return response;
    }
}
