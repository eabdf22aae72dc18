package dev.afterimage.projection.web;

import static io.restassured.RestAssured.given;
import static org.assertj.core.api.Assertions.assertThat;

import dev.afterimage.testing.TokenIssuer;
import io.quarkus.test.common.WithTestResource;
import io.quarkus.test.junit.QuarkusTest;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.POST;
import jakarta.ws.rs.PUT;
import jakarta.ws.rs.Path;
import java.security.KeyPair;
import org.eclipse.microprofile.openapi.annotations.Operation;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A resource class without a security annotation. */
@QuarkusTest
@WithTestResource(TokenIssuer.class)
class UnsaidTest {

    @Path("/unsaid")
    public static class Unsaid {

        @GET
        @Operation(hidden = true)
        public void read() {}

        @POST
        @Operation(hidden = true)
        public void add() {}

        @PUT
        @Operation(hidden = true)
        public void change() {}
    }

    /** Injected by {@link TokenIssuer}. */
    @SuppressWarnings("NullAway.Init")
    KeyPair issuer;

    @ParameterizedTest
    @ValueSource(strings = {"GET", "HEAD", "POST", "PUT"})
    void isClosedToEveryCaller(String method) {
        assertThat(given().request(method, "/unsaid").statusCode()).isEqualTo(401);
        assertThat(status("orders:read", method)).isEqualTo(403);
        assertThat(status("orders:admin", method)).isEqualTo(403);
    }

    private int status(String role, String method) {
        var token = TokenIssuer.claims("somebody", role).sign(issuer.getPrivate());
        return given().auth().oauth2(token).request(method, "/unsaid").statusCode();
    }
}
