package dev.afterimage.shop.http;

import static dev.afterimage.shop.Shop.orderOf;
import static dev.afterimage.shop.http.TokenIssuer.claims;
import static io.restassured.RestAssured.given;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.hamcrest.Matchers.equalTo;

import dev.afterimage.shop.PostgresResource;
import io.quarkus.test.common.WithTestResource;
import io.quarkus.test.junit.QuarkusTest;
import io.restassured.http.ContentType;
import io.restassured.response.Response;
import io.restassured.response.ValidatableResponse;
import io.restassured.specification.RequestSpecification;
import io.smallrye.jwt.algorithm.SignatureAlgorithm;
import java.security.KeyPair;
import java.time.Duration;
import java.time.Instant;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.stream.Stream;
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
@WithTestResource(PostgresResource.class)
@WithTestResource(TokenIssuer.class)
class SecurityTest {
    private static final String ANYBODY = "somebody";

    /** Injected by {@link TokenIssuer}. */
    @SuppressWarnings("NullAway.Init")
    KeyPair issuer;

    @Test
    void closesEveryOperationToTheAnonymousBeforeTheBodyIsRead() {
        for (var operation : operations()) {
            refused(call(given(), operation).then(), 401, "The request has none.")
                    .header("WWW-Authenticate", "Bearer");
        }
    }

    @Test
    void opensEveryOperationToAnAdmin() {
        for (var operation : operations()) {
            assertThat(call(as(ANYBODY, Caller.ADMIN), operation).statusCode())
                    .as("%s", operation)
                    .isNotIn(401, 403, 500);
        }
    }

    @Test
    void closesEveryOperationToATokenWithoutRoles() {
        for (var operation : operations()) {
            refused(call(as(ANYBODY, "orders:all"), operation).then(), 403, "It has no role that does.");
        }
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
        refused(given().auth().oauth2(flawed(flaw)).get("/orders").then(), 401, "It is not valid.")
                .header("WWW-Authenticate", "Bearer error=\"invalid_token\"");
    }

    @Test
    void saysOfAnExpiredTokenThatItIsExpired() {
        var token = claims(ANYBODY, Caller.READ)
                .issuedAt(Instant.now().minus(Duration.ofHours(2)))
                .expiresAt(Instant.now().minus(Duration.ofHours(1)));

        refused(
                        given().auth()
                                .oauth2(token.sign(issuer.getPrivate()))
                                .get("/orders")
                                .then(),
                        401,
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
                "It is not valid.");
    }

    @ParameterizedTest
    @CsvSource({
        "orders:read,  GET,  200", "orders:read,  POST, 403",
        "orders:write, GET,  403", "orders:write, POST, 201",
        "orders:admin, GET,  200", "orders:admin, POST, 201"
    })
    void readsAndWritesByRole(String role, String method, int status) {
        as(ANYBODY, role)
                .contentType(ContentType.JSON)
                .body("GET".equals(method) ? "" : someone())
                .request(method, "/customers")
                .then()
                .statusCode(status);
    }

    @Test
    void letsCustomersDeleteTheirOwnDataOnly() {
        var ada = customer();
        var grace = customer();
        var order = order(ada);

        refused(as(grace, Caller.WRITE).delete("/orders/" + order).then(), 403, NOT_THE_OWNER);
        refused(as(grace, Caller.WRITE).delete("/customers/" + ada).then(), 403, NOT_THE_OWNER);
        as(ANYBODY, Caller.READ).get("/orders/" + order).then().statusCode(200).header("ETag", "\"1\"");

        as(ada, Caller.WRITE).delete("/orders/" + order).then().statusCode(204);
        as(ada, Caller.WRITE).delete("/customers/" + ada).then().statusCode(204);
    }

    @Test
    void letsWhoWritesMoveTheOrdersOfAll() {
        var order = order(customer());

        pay(as(ANYBODY, Caller.WRITE), order).then().statusCode(200);
    }

    @Test
    void letsAnAdminDeleteTheDataOfAll() {
        var ada = customer();
        var order = order(ada);

        as(ANYBODY, Caller.ADMIN).delete("/orders/" + order).then().statusCode(204);
        as(ANYBODY, Caller.ADMIN).delete("/customers/" + ada).then().statusCode(204);
    }

    @Test
    void keepsTheIdempotencyKeysOfCallersApart() {
        var ids = Stream.of("ada", "grace", "ada")
                .map(name -> as(name, Caller.WRITE)
                        .contentType(ContentType.JSON)
                        .header("Idempotency-Key", "mine")
                        .body("{\"name\": \"%s\", \"email\": \"%s@example.com\"}".formatted(name, name))
                        .post("/customers")
                        .then()
                        .statusCode(201)
                        .extract()
                        .<String>path("id"))
                .toList();

        assertThat(ids.get(1)).isNotEqualTo(ids.get(0));
        assertThat(ids.get(2)).isEqualTo(ids.get(0));
    }

    @Test
    void leavesHealthMetricsAndDocumentationOpenEvenToABadToken() {
        for (var path : List.of("/q/health/live", "/q/metrics", "/q/openapi")) {
            given().get(path).then().statusCode(200);
            given().auth().oauth2("nonsense").get(path).then().statusCode(200);
        }
    }

    @Test
    void saysInOpenApiWhichRoleAnOperationNeeds() {
        given().accept(ContentType.JSON)
                .get("/q/openapi")
                .then()
                .body("paths.'/orders/{id}'.get.security[0].values()[0]", equalTo(List.of(Caller.READ)))
                .body("paths.'/orders'.post.security[0].values()[0]", equalTo(List.of(Caller.WRITE)));
    }

    private static final String NOT_THE_OWNER = "This belongs to another customer, and deleting it needs orders:admin.";

    private String flawed(String flaw) throws Exception {
        var good = claims(ANYBODY, Caller.READ).upn("ada");
        return switch (flaw) {
            case "not three parts" -> "abc";
            case "not JSON" -> "abc.def.ghi";
            case "of another key" -> good.sign(TokenIssuer.keys().getPrivate());
            case "changed" -> {
                var parts = good.sign(issuer.getPrivate()).split("\\.", -1);
                var raised = decoded(parts[1]).replace(Caller.READ, Caller.ADMIN);
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
            case "for another service" -> good.audience("projection-service").sign(issuer.getPrivate());
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
        var payload = claims(ANYBODY, Caller.READ)
                .upn("ada")
                .sign(issuer.getPrivate())
                .split("\\.", -1)[1];
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

    private record Operation(String method, String path) {}

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
        assertThat(operations).hasSizeGreaterThan(10);
        return operations;
    }

    private static Response call(RequestSpecification caller, Operation operation) {
        return "get".equals(operation.method())
                ? caller.get(operation.path())
                : caller.contentType(ContentType.JSON).body("{oops").request(operation.method(), operation.path());
    }

    private RequestSpecification as(String subject, String role) {
        return given().auth().oauth2(claims(subject, role).sign(issuer.getPrivate()));
    }

    private String customer() {
        return as(ANYBODY, Caller.WRITE)
                .contentType(ContentType.JSON)
                .body(someone())
                .post("/customers")
                .then()
                .statusCode(201)
                .extract()
                .path("id");
    }

    private static String someone() {
        return """
                {"name": "Ada Lovelace", "email": "ada-%s@example.com"}
                """.formatted(UUID.randomUUID());
    }

    private String order(String customer) {
        return place(as(customer, Caller.WRITE), customer)
                .then()
                .statusCode(201)
                .extract()
                .path("id");
    }

    private Response place(RequestSpecification caller, String customer) {
        String product = as(ANYBODY, Caller.WRITE)
                .contentType(ContentType.JSON)
                .body("{\"sku\": \"%s\", \"name\": \"Lamp\", \"price\": \"29.90\"}".formatted(UUID.randomUUID()))
                .post("/products")
                .then()
                .statusCode(201)
                .extract()
                .path("id");
        return caller.contentType(ContentType.JSON)
                .body(orderOf(customer, product, 2))
                .post("/orders");
    }

    private static Response pay(RequestSpecification caller, String order) {
        return caller.contentType(ContentType.JSON)
                .body("{\"status\": \"PAID\"}")
                .put("/orders/%s/status".formatted(order));
    }

    private static ValidatableResponse refused(ValidatableResponse response, int status, String detail) {
        response.statusCode(status)
                .contentType("application/problem+json")
                .body("status", equalTo(status))
                .body("detail", equalTo(detail));
        assertThat(response.extract().asString() + response.extract().headers())
                .doesNotContainIgnoringCase("exception")
                .doesNotContainIgnoringCase("signature")
                .doesNotContain("example.com", "dev.afterimage", "jose4j", "smallrye");
        return response;
    }
}
