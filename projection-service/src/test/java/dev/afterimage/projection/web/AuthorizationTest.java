package dev.afterimage.projection.web;

import dev.afterimage.testing.AuthorizationRules;
import io.quarkus.runtime.StartupEvent;
import io.smallrye.jwt.auth.principal.JWTAuthContextInfo;
import org.eclipse.microprofile.config.Config;

class AuthorizationTest extends AuthorizationRules {

    AuthorizationTest() {
        super("projection");
    }

    @Override
    protected void check(boolean enabled, Config config, JWTAuthContextInfo verification) {
        new Authorization(enabled).check(new StartupEvent(), config, verification);
    }
}
