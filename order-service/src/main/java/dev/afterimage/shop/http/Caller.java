package dev.afterimage.shop.http;

import io.quarkus.security.identity.SecurityIdentity;
import io.quarkus.security.spi.runtime.AuthorizationController;
import jakarta.inject.Singleton;
import java.util.UUID;
import org.eclipse.microprofile.jwt.JsonWebToken;

/**
 * Who sent the request. The roles are the {@code groups} of its bearer token, the customer is its {@code sub}:
 *
 * <ul>
 *   <li>{@link #READ} shows everything;
 *   <li>{@link #WRITE} adds and changes everything, but deletes only what is the caller's own: the customer whose id is the
 *       token's {@code sub}, and the orders of that customer. It does not include reading;
 *   <li>{@link #ADMIN} includes both ({@code quarkus.http.auth.roles-mapping}); it alone deletes what is another's, deletes
 *       products and asks for snapshots.
 * </ul>
 *
 * Where security is off, everybody may do everything.
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

    /** The token's subject, or {@code local} where security is off. */
    public String name() {
        return authorization.isAuthorizationEnabled() ? ((JsonWebToken) identity.getPrincipal()).getSubject() : "local";
    }

    /**
     * Passes where the caller is the customer that the data belongs to, or an admin.
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
