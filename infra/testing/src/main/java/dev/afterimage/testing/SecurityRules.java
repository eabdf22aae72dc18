package dev.afterimage.testing;

import static io.restassured.RestAssured.given;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.hamcrest.Matchers.equalTo;

import io.restassured.http.ContentType;
import io.restassured.path.json.JsonPath;
import io.restassured.response.Response;
import io.restassured.response.ValidatableResponse;
import io.restassured.specification.RequestSpecification;
import io.smallrye.jwt.algorithm.SignatureAlgorithm;
import java.security.KeyPair;
import java.time.Duration;
import java.time.Instant;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.UUID;
import javax.crypto.spec.SecretKeySpec;
import org.jose4j.jws.JsonWebSignature;
import org.jose4j.jwt.JwtClaims;
import org.jose4j.jwt.consumer.InvalidJwtException;
import org.jose4j.lang.JoseException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Whom both services let in. A {@code @QuarkusTest} with {@link TokenIssuer} extends it. */
public abstract class SecurityRules {
    protected static final String READ = "orders:read";
    protected static final String WRITE = "orders:write";
    protected static final String ADMIN = "orders:admin";
    protected static final String ANYBODY = "somebody";

    /** Injected by {@link TokenIssuer}. */
    @SuppressWarnings("NullAway.Init")
    protected KeyPair issuer;

    /** By subject and role: each signature takes as long as a request. */
    private final Map<List<String>, String> tokens = new HashMap<>();

    /**
     * A call that the service describes, with an id that nothing has.
     *
     * @param role the role that the call needs
     */
    public record Operation(String method, String path, String role) {

        public boolean reads() {
            return method.equals("get");
        }
    }

    @Test
    void closesEveryOperationToTheAnonymousBeforeTheBodyIsRead() {
        for (var operation : operations()) {
            refused(call(given(), operation), 401, "The request has no token.").header("WWW-Authenticate", "Bearer");
        }
    }

    @Test
    void closesEveryOperationToATokenWithoutRoles() {
        for (var operation : operations()) {
            refused(
                    call(as(ANYBODY, "orders:all"), operation),
                    403,
                    "The operation needs the role %s.".formatted(operation.role()));
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
        refused(given().auth().oauth2(flawed(flaw)).get("/orders"), 401, "The token is not valid.")
                .header("WWW-Authenticate", "Bearer error=\"invalid_token\"");
    }

    @Test
    void saysOfAnExpiredTokenThatItIsExpired() {
        var token = TokenIssuer.claims(ANYBODY, READ)
                .issuedAt(Instant.now().minus(Duration.ofHours(2)))
                .expiresAt(Instant.now().minus(Duration.ofHours(1)));

        refused(given().auth().oauth2(token.sign(issuer.getPrivate())).get("/orders"), 401, "The token has expired.")
                .header(
                        "WWW-Authenticate",
                        "Bearer error=\"invalid_token\", error_description=\"The token has expired\"");
        refused(
                given().auth()
                        .oauth2(token.sign(TokenIssuer.keys().getPrivate()))
                        .get("/orders"),
                401,
                "The token is not valid.");
    }

    @Test
    void leavesHealthMetricsAndDocumentationOpenEvenToABadToken() {
        for (var path : List.of("/q/health/live", "/q/metrics", "/q/openapi")) {
            given().get(path).then().statusCode(200);
            given().auth().oauth2("nonsense").get(path).then().statusCode(200);
        }
    }

    private String flawed(String flaw) throws Exception {
        var good = TokenIssuer.claims(ANYBODY, READ).upn("ada");
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
            case "for another service" ->
                good.audience(TokenIssuer.audience().equals("order-service") ? "projection-service" : "order-service")
                        .sign(issuer.getPrivate());
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
        var payload = TokenIssuer.claims(ANYBODY, READ)
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

    /** All that the service describes; new ones are found by themselves. */
    public static List<Operation> operations() {
        JsonPath document = given().accept(ContentType.JSON)
                .get("/q/openapi")
                .then()
                .extract()
                .jsonPath();
        Map<String, Map<String, Map<String, Object>>> paths = document.getMap("paths");
        var operations = paths.entrySet().stream()
                .flatMap(path -> path.getValue().entrySet().stream()
                        .filter(operation ->
                                List.of("get", "post", "put", "delete").contains(operation.getKey()))
                        .map(operation -> new Operation(
                                operation.getKey(),
                                path.getKey()
                                        .replaceAll(
                                                "\\{[^}]*}", UUID.randomUUID().toString()),
                                role(operation.getValue()))))
                .toList();
        assertThat(operations).hasSizeGreaterThan(10);
        return operations;
    }

    @SuppressWarnings("unchecked") // as OpenAPI defines it
    private static String role(Map<String, Object> operation) {
        var security = (List<Map<String, List<String>>>) Objects.requireNonNull(operation.get("security"));
        return String.join(" or ", security.getFirst().values().iterator().next());
    }

    /** With a body that cannot be read, where there may be one. */
    public static Response call(RequestSpecification caller, Operation operation) {
        return operation.reads()
                ? caller.get(operation.path())
                : caller.contentType(ContentType.JSON).body("{oops").request(operation.method(), operation.path());
    }

    protected RequestSpecification as(String subject, String role) {
        return given().auth().oauth2(token(subject, role));
    }

    protected String token(String subject, String role) {
        return tokens.computeIfAbsent(
                List.of(subject, role), _ -> TokenIssuer.claims(subject, role).sign(issuer.getPrivate()));
    }

    /** The answer is a problem with that status and detail, and tells nothing of what is inside. */
    protected static ValidatableResponse refused(Response answer, int status, String detail) {
        var response = answer.then()
                .statusCode(status)
                .contentType("application/problem+json")
                .body(
                        "type",
                        equalTo("urn:problem-type:afterimage:" + (status == 401 ? "unauthenticated" : "forbidden")))
                .body("status", equalTo(status))
                .body("detail", equalTo(detail));
        assertThat(answer.asString() + answer.headers())
                .doesNotContainIgnoringCase("exception")
                .doesNotContainIgnoringCase("signature")
                .doesNotContain("example.com", "dev.afterimage", "jose4j", "smallrye");
        return response;
    }
}
