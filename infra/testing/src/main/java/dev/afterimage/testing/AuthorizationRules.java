package dev.afterimage.testing;

import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.smallrye.config.PropertiesConfigSource;
import io.smallrye.config.SmallRyeConfigBuilder;
import io.smallrye.jwt.auth.principal.JWTAuthContextInfo;
import java.util.Map;
import org.eclipse.microprofile.config.Config;
import org.jose4j.jwk.PublicJsonWebKey;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Tests with which security settings each service starts, and the error message for other settings. */
public abstract class AuthorizationRules {
    private static final String KEY = "mp.jwt.verify.publickey.location";
    private static final String ISSUER = "mp.jwt.verify.issuer";

    private final String service;

    /** @param service the prefix of the service's settings */
    protected AuthorizationRules(String service) {
        this.service = service;
    }

    /** Runs the check that the service makes at its start. */
    protected abstract void check(boolean enabled, Config config, JWTAuthContextInfo verification);

    @ParameterizedTest
    @ValueSource(strings = {"127.0.0.1", "127.0.0.2", "::1", "localhost"})
    void mayBeOffOnTheLoopback(String host) {
        assertThatCode(() -> start(false, Map.of("quarkus.http.host", host), ""))
                .doesNotThrowAnyException();
    }

    @ParameterizedTest
    @ValueSource(strings = {"0.0.0.0", "::", "192.0.2.1", "no such host"})
    void mayNotBeOffWhereOthersReachIt(String host) {
        assertThatThrownBy(() -> start(false, Map.of("quarkus.http.host", host), ""))
                .hasMessage(
                        "%s.security.enabled is false, so quarkus.http.host must be a loopback address, not %s.",
                        service, host);
    }

    @Test
    void namesTheSettingThatIsMissing() {
        assertThatThrownBy(() -> start(true, Map.of(ISSUER, "i"), ""))
                .hasMessage("mp.jwt.verify.publickey.location is not set, and without it no token can be verified.");
        assertThatThrownBy(() -> start(true, Map.of(KEY, "key.pem"), ""))
                .hasMessage("mp.jwt.verify.issuer is not set, and without it no token can be verified.");
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "no key", "{\"keys\": []}", "{}"})
    void namesTheFileThatHoldsNoKey(String content) {
        assertThatThrownBy(() -> start(true, Map.of(KEY, "key.pem", ISSUER, "i"), content))
                .hasMessage("mp.jwt.verify.publickey.location names key.pem, which holds no public key.");
    }

    @Test
    void takesAKeyAsPemAndKeysAsJwks() throws Exception {
        var settings = Map.of(KEY, "key.pem", ISSUER, "i");
        var key = TokenIssuer.keys().getPublic();
        var jwks = "{\"keys\": [%s]}"
                .formatted(PublicJsonWebKey.Factory.newPublicJwk(key).toJson());

        assertThatCode(() -> start(true, settings, TokenIssuer.pem(key))).doesNotThrowAnyException();
        assertThatCode(() -> start(true, settings, jwks)).doesNotThrowAnyException();
    }

    private void start(boolean enabled, Map<String, String> settings, String key) {
        var config = new SmallRyeConfigBuilder()
                .withSources(new PropertiesConfigSource(settings, "test", 100))
                .build();
        var verification = new JWTAuthContextInfo();
        verification.setPublicKeyContent(key);
        check(enabled, config, verification);
    }
}
