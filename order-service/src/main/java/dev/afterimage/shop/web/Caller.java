package dev.afterimage.shop.web;

import dev.afterimage.shop.Reason;
import dev.afterimage.shop.Refusal;
import io.quarkus.security.identity.SecurityIdentity;
import io.quarkus.security.spi.runtime.AuthorizationController;
import jakarta.inject.Singleton;
import java.util.Map;
import java.util.UUID;
import org.eclipse.microprofile.jwt.JsonWebToken;

/**
 * The sender of the request: the customer whose id is the {@code sub} of the bearer token. Only {@link Roles#ADMIN} may
 * delete the data of other customers. If security is off, every caller may do everything.
 */
@Singleton
public class Caller {

    private final AuthorizationController authorization;
    private final SecurityIdentity identity;

    Caller(AuthorizationController authorization, SecurityIdentity identity) {
        this.authorization = authorization;
        this.identity = identity;
    }

    /** The token's subject, or {@code local} if security is off. */
    public String name() {
        return authorization.isAuthorizationEnabled() ? ((JsonWebToken) identity.getPrincipal()).getSubject() : "local";
    }

    /**
     * Checks that the data belongs to the caller, or that the caller is an admin.
     *
     * @throws Refusal otherwise
     */
    public void requireOwner(UUID customerId) {
        if (authorization.isAuthorizationEnabled()
                && !identity.hasRole(Roles.ADMIN)
                && !name().equals(customerId.toString())) {
            throw new Refusal(
                    Reason.FORBIDDEN,
                    "The data belongs to another customer. Only the role %s may delete the data."
                            .formatted(Roles.ADMIN),
                    Map.of());
        }
    }
}
