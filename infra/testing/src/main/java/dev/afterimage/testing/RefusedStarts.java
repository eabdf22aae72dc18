package dev.afterimage.testing;

import static org.assertj.core.api.Assertions.assertThat;

import io.quarkus.test.common.DevServicesContext;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;

/**
 * Starts the packaged service with wrong settings of a deployment. A {@code @QuarkusIntegrationTest} extends it. {@link
 * AuthorizationRules} tests each message. By default one real start proves that the service then ends; the other starts
 * run in the nightly build.
 */
public abstract class RefusedStarts {
    private final String service;

    /** Injected by Quarkus. */
    @SuppressWarnings("NullAway.Init")
    protected DevServicesContext devServices;

    private record End(int exitCode, String output) {}

    /** @param service the prefix of the service's settings */
    protected RefusedStarts(String service) {
        this.service = service;
    }

    @Test
    @EnabledIfSystemProperty(named = "afterimage.nightly", matches = "true")
    void isRefusedWithoutSecurityWhereOthersCouldReachIt() throws Exception {
        refused(
                Map.of(service.toUpperCase(Locale.ROOT) + "_SECURITY_ENABLED", "false", "QUARKUS_HTTP_HOST", "0.0.0.0"),
                service + ".security.enabled is false, so quarkus.http.host must be a loopback address, not 0.0.0.0.");
    }

    @Test
    void isRefusedWithoutAKey() throws Exception {
        refused(Map.of(), "mp.jwt.verify.publickey.location is not set, and without it no token can be verified.");
    }

    @Test
    @EnabledIfSystemProperty(named = "afterimage.nightly", matches = "true")
    void isRefusedWithAKeyThatIsNotThere() throws Exception {
        refused(
                Map.of(
                        "MP_JWT_VERIFY_PUBLICKEY_LOCATION",
                        "/nowhere/key.pem",
                        "MP_JWT_VERIFY_ISSUER",
                        "https://issuer.example.com"),
                "mp.jwt.verify.publickey.location names /nowhere/key.pem, which holds no public key.");
    }

    private void refused(Map<String, String> environment, String sentence) throws Exception {
        var end = start(environment);
        assertThat(end.exitCode()).isEqualTo(1);
        assertThat(end.output().lines()).containsExactly(sentence);
    }

    private End start(Map<String, String> environment) throws IOException, InterruptedException {
        var executable = Path.of(System.getProperty("native.image.path"));
        var command = Files.isExecutable(executable)
                ? List.of(executable.toString())
                : List.of(
                        ProcessHandle.current().info().command().orElseThrow(),
                        "-XX:TieredStopAtLevel=1",
                        "-jar",
                        Path.of("target", "quarkus-app", "quarkus-run.jar").toString());
        var builder = new ProcessBuilder(command).redirectErrorStream(true);
        builder.environment().put("QUARKUS_HTTP_PORT", "0");
        devServices.devServicesProperties().forEach((setting, value) -> builder.environment()
                .put(setting.toUpperCase(Locale.ROOT).replaceAll("[.-]", "_"), value));
        builder.environment().putAll(environment);
        var process = builder.start();
        try {
            assertThat(process.waitFor(2, TimeUnit.MINUTES))
                    .as("ends by itself")
                    .isTrue();
            return new End(
                    process.exitValue(), new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8));
        } finally {
            process.destroyForcibly();
        }
    }
}
