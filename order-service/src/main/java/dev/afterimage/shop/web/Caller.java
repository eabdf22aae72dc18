package dev.afterimage.shop.web;

import io.quarkus.security.identity.SecurityIdentity;
import io.quarkus.security.spi.runtime.AuthorizationController;
import jakarta.inject.Singleton;
import java.util.UUID;
import org.eclipse.microprofile.jwt.JsonWebToken;

/**
 * The sender of the request. The roles are the {@code groups} of the bearer token; the customer is its {@code sub}:
 *
 * <ul>
 *   <li>{@link #READ} may read everything;
 *   <li>{@link #WRITE} may create and change everything, but delete only the caller's own data: the customer whose id
 *       is the token's {@code sub}, and the orders of that customer. It does not include {@code READ};
 *   <li>{@link #ADMIN} includes both ({@code quarkus.http.auth.roles-mapping}). Only this role may delete the data of
 *       other customers, delete products and start snapshots.
 * </ul>
 *
 * If security is off, every caller may do everything.
 */
@Singleton
public class Caller {
    public static final String READ = "orders:read";
    public static final String WRITE = "orders:write";
    public static final String ADMIN = "orders:admin";

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
     * @throws NotTheOwner otherwise
     */
    public void requireOwner(UUID customerId) {
        if (authorization.isAuthorizationEnabled()
                && !identity.hasRole(ADMIN)
                && !name().equals(customerId.toString())) {
            throw new NotTheOwner();
        }
    }

    /** The data belongs to another customer: 403. */
    public static final class NotTheOwner extends Refusal {
        NotTheOwner() {
            super(Problem.of(
                    ProblemType.FORBIDDEN, "This belongs to another customer, and deleting it needs " + ADMIN + "."));
        }
    }
}
