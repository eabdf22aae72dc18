package dev.afterimage.projection;

import static dev.afterimage.testing.TokenIssuer.claims;
import static io.restassured.RestAssured.get;
import static io.restassured.RestAssured.given;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.hamcrest.Matchers.equalTo;

import dev.afterimage.testing.SecurityRules;
import dev.afterimage.testing.TokenIssuer;
import io.quarkus.test.common.WithTestResource;
import io.quarkus.test.junit.QuarkusIntegrationTest;
import io.restassured.RestAssured;
import java.net.URI;
import java.security.KeyPair;
import java.time.Duration;
import org.eclipse.microprofile.config.ConfigProvider;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The packaged service, as a jar or as a native executable, for callers with a token. */
@QuarkusIntegrationTest
@WithTestResource(TokenIssuer.class)
class ProjectionIT {

    private static final Duration SOON = Duration.ofSeconds(20);

    /** Injected by {@link TokenIssuer}. */
    @SuppressWarnings("NullAway.Init")
    KeyPair issuer;

    private final OrderEvents order = new OrderEvents();

    @BeforeEach
    void showToken() {
        RestAssured.authentication = RestAssured.oauth2(token("orders:read"));
    }

    @AfterEach
    void showNoToken() {
        RestAssured.authentication = RestAssured.DEFAULT_AUTH;
    }

    private String token(String role) {
        return claims("somebody", role).sign(issuer.getPrivate());
    }

    /** Each operation needs classes for its body and its parameters that the native executable must contain. */
    @Test
    void answersEveryOperation() {
        for (var operation : SecurityRules.operations()) {
            if (!operation.path().equals("/events")) { // its answer does not end
                var admin = given().auth().oauth2(token("orders:admin"));
                assertThat(SecurityRules.call(admin, operation).statusCode())
                        .as("%s", operation)
                        .isNotIn(401, 403, 500);
            }
        }
    }

    @Test
    void refusesCallersWithoutATokenThatAllowsIt() {
        var forged = claims("somebody", "orders:admin").sign(TokenIssuer.keys().getPrivate());

        given().auth()
                .none()
                .get("/orders")
                .then()
                .statusCode(401)
                .body("detail", equalTo("The request has no token."));
        given().auth()
                .oauth2(forged)
                .get("/orders")
                .then()
                .statusCode(401)
                .body("detail", equalTo("The token is not valid."));
        get("/orders").then().statusCode(200);
        get("/dead-letters").then().statusCode(403).contentType("application/problem+json");
        given().auth().oauth2(token("orders:admin")).get("/dead-letters").then().statusCode(200);
    }

    @Test
    void projectsAnOrderFromItsFirstEventToItsLast() throws Exception {
        String bootstrapServers = ConfigProvider.getConfig().getValue("kafka.bootstrap.servers", String.class);
        await().atMost(SOON).untilAsserted(() -> get("/q/health/ready").then().statusCode(200));
        try (var topic = new OrderTopic(bootstrapServers);
                var stream =
                        new EventStream(URI.create("http://localhost:" + RestAssured.port), token("orders:read"))) {
            topic.put(order.id, order.placed());
            awaitVersion(1);
            topic.put(order.id, order.changed(2));
            awaitVersion(2);
            get("/orders/{id}", order.id)
                    .then()
                    .header("ETag", "\"2-0\"")
                    .body("total", equalTo("59.80"))
                    .body("cdc.operation", equalTo("u"));
            var malformed = topic.put(order.id, "no json");
            topic.put(order.id, order.deleted(3));
            topic.put(order.id, null);
            await().atMost(SOON).untilAsserted(() -> get("/orders/{id}", order.id)
                    .then()
                    .statusCode(404)
                    .contentType("application/problem+json"));

            assertThat(topic.deadLettersOf(malformed)).hasSize(1);
            await().atMost(SOON).untilAsserted(() -> assertThat(stream.of(order.id.toString()))
                    .extracting(event -> event.get("effect").asText())
                    .containsExactly("applied", "applied", "dead-letter", "applied", "ignored"));
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"gzip", "lz4", "snappy", "zstd"})
    void readsWhateverCodecAProducerChose(String codec) {
        String bootstrapServers = ConfigProvider.getConfig().getValue("kafka.bootstrap.servers", String.class);
        try (var topic = new OrderTopic(bootstrapServers, codec)) {
            topic.put(order.id, order.placed());
            awaitVersion(1);
        }
    }

    private void awaitVersion(int version) {
        await().atMost(SOON)
                .untilAsserted(() ->
                        get("/orders/{id}", order.id).then().statusCode(200).body("version", equalTo(version)));
    }
}
