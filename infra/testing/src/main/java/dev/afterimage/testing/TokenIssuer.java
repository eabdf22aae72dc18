package dev.afterimage.testing;

import io.quarkus.test.common.QuarkusTestResourceLifecycleManager;
import io.smallrye.jwt.build.Jwt;
import io.smallrye.jwt.build.JwtClaimsBuilder;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.NoSuchAlgorithmException;
import java.security.PublicKey;
import java.time.Duration;
import java.util.Base64;
import java.util.Map;
import java.util.Set;
import org.eclipse.microprofile.config.ConfigProvider;

/** Switches security on, in whichever service is under test, and gives the test the key pair that the service trusts. */
public final class TokenIssuer implements QuarkusTestResourceLifecycleManager {
    private static final String NAME = "https://issuer.example.com";

    private final KeyPair keys = keys();

    @Override
    public Map<String, String> start() {
        try {
            var file = Files.writeString(Path.of("target", "issuer.pem"), pem(keys.getPublic()));
            return Map.of(
                    "orders.security.enabled",
                    "true",
                    "projection.security.enabled",
                    "true",
                    "mp.jwt.verify.publickey.location",
                    file.toAbsolutePath().toString(),
                    "mp.jwt.verify.issuer",
                    NAME);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public void inject(TestInjector test) {
        test.injectIntoFields(keys, new TestInjector.MatchesType(KeyPair.class));
    }

    @Override
    public void stop() {}

    /** Claims with which a token is accepted; each may be changed to one with which it is not. */
    public static JwtClaimsBuilder claims(String subject, String... groups) {
        return Jwt.issuer(NAME)
                .audience(audience())
                .subject(subject)
                .groups(Set.of(groups))
                .expiresIn(Duration.ofMinutes(5));
    }

    /** The service under test. */
    static String audience() {
        return ConfigProvider.getConfig().getValue("mp.jwt.verify.audiences", String.class);
    }

    /** Of the least size that the services take: the default of 3072 bits takes five times as long to make. */
    public static KeyPair keys() {
        try {
            var generator = KeyPairGenerator.getInstance("RSA");
            generator.initialize(2048);
            return generator.generateKeyPair();
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }

    public static String pem(PublicKey key) {
        return """
                -----BEGIN PUBLIC KEY-----
                %s
                -----END PUBLIC KEY-----
                """.formatted(Base64.getMimeEncoder().encodeToString(key.getEncoded()));
    }
}
