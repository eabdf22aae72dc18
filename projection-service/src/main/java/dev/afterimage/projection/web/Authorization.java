package dev.afterimage.projection.web;

import io.quarkus.logging.Log;
import io.quarkus.runtime.StartupEvent;
import io.quarkus.runtime.configuration.ConfigurationException;
import io.quarkus.security.spi.runtime.AuthorizationController;
import io.smallrye.jwt.auth.principal.JWTAuthContextInfo;
import io.smallrye.jwt.auth.principal.KeyLocationResolver;
import jakarta.annotation.Priority;
import jakarta.enterprise.event.Observes;
import jakarta.enterprise.inject.Alternative;
import jakarta.inject.Singleton;
import jakarta.interceptor.Interceptor;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.stream.Stream;
import org.eclipse.microprofile.config.Config;
import org.eclipse.microprofile.config.inject.ConfigProperty;
import org.jose4j.lang.UnresolvableKeyException;

/**
 * Decides whether callers need a token. Without security, {@code @RolesAllowed} costs nothing and no token is read.
 * That is safe on one machine only, so the service then refuses to start unless its address is a loopback address. With
 * security, the service refuses to start if it cannot verify tokens.
 */
@Alternative
@Priority(1)
@Singleton
class Authorization extends AuthorizationController {

    private static final String SWITCH = "projection.security.enabled";
    private static final String KEY = "mp.jwt.verify.publickey.location";
    private static final String ISSUER = "mp.jwt.verify.issuer";
    /** Before the scheduler, which starts at PLATFORM_BEFORE, so that no job has begun if the start is refused. */
    private static final int FIRST = Interceptor.Priority.PLATFORM_BEFORE - 1;

    private final boolean enabled;

    Authorization(@ConfigProperty(name = SWITCH) boolean enabled) {
        this.enabled = enabled;
    }

    @Override
    public boolean isAuthorizationEnabled() {
        return enabled;
    }

    void check(@Observes @Priority(FIRST) StartupEvent starting, Config config, JWTAuthContextInfo verification) {
        if (enabled) {
            Stream.of(KEY, ISSUER).forEach(setting -> require(config, setting));
            load(config.getValue(KEY, String.class), verification);
        } else {
            requireLoopback(config.getValue("quarkus.http.host", String.class));
        }
    }

    private static void require(Config config, String setting) {
        if (config.getOptionalValue(setting, String.class).isEmpty()) {
            throw new ConfigurationException(
                    "%s is not set, and without it no token can be verified.".formatted(setting));
        }
    }

    /** A key at a network address is loaded by the first request, because its server may start after this service. */
    private static void load(String location, JWTAuthContextInfo verification) {
        try {
            if (location.startsWith("http") || holdsKey(verification)) {
                return;
            }
        } catch (UnresolvableKeyException | RuntimeException e) {
            Log.debugf(e, "cannot read %s", location);
        }
        throw new ConfigurationException("%s names %s, which holds no public key.".formatted(KEY, location));
    }

    /** Whether the library found a key. The library itself does not report a file that contains no key. */
    private static boolean holdsKey(JWTAuthContextInfo verification) throws UnresolvableKeyException {
        return new KeyLocationResolver(verification) {
            boolean isPresent() {
                return key != null || (jsonWebKeys != null && !jsonWebKeys.isEmpty());
            }
        }.isPresent();
    }

    private static void requireLoopback(String host) {
        try {
            if (InetAddress.getByName(host).isLoopbackAddress()) {
                return;
            }
        } catch (UnknownHostException e) {
            // an unknown host is refused like any address that is not a loopback address
        }
        throw new ConfigurationException(
                "%s is false, so quarkus.http.host must be a loopback address, not %s.".formatted(SWITCH, host));
    }
}
