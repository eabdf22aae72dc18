package dev.afterimage.shop.web;

import static org.assertj.core.api.Assertions.assertThat;

import io.quarkus.security.identity.SecurityIdentity;
import io.quarkus.security.runtime.QuarkusSecurityIdentity;
import io.smallrye.jwt.auth.principal.DefaultJWTCallerPrincipal;
import java.util.UUID;
import org.eclipse.microprofile.jwt.Claims;
import org.jose4j.jwt.JwtClaims;
import org.junit.jupiter.api.Test;

class CallerTest {

    private static final SecurityIdentity UPN_AND_SUB = identity();

    @Test
    void isNamedByTheSubjectOfItsToken() {
        assertThat(new Caller(new Authorization(true), UPN_AND_SUB).name()).isEqualTo("0199");
    }

    @Test
    void isNamedLocalAndOwnsEverythingWhereSecurityIsOff() {
        var caller = new Caller(new Authorization(false), UPN_AND_SUB);

        assertThat(caller.name()).isEqualTo("local");
        caller.requireOwner(UUID.randomUUID());
    }

    private static SecurityIdentity identity() {
        var claims = new JwtClaims();
        claims.setSubject("0199");
        claims.setStringClaim(Claims.upn.name(), "ada");
        return QuarkusSecurityIdentity.builder()
                .setPrincipal(new DefaultJWTCallerPrincipal(claims))
                .build();
    }
}
