package dev.afterimage.projection.web;

import io.quarkus.security.AuthenticationFailedException;
import io.quarkus.security.ForbiddenException;
import io.quarkus.security.UnauthorizedException;
import jakarta.ws.rs.Priorities;
import jakarta.ws.rs.core.HttpHeaders;
import jakarta.ws.rs.core.Response;
import org.jboss.resteasy.reactive.server.ServerExceptionMapper;
import org.jose4j.jwt.consumer.InvalidJwtException;

/**
 * The answers to a refused token. They say only whether it has expired, never what else is wrong with it. These mappers
 * replace the mappers of quarkus-resteasy-problem 3.21.0, whose answer to a missing or bad token fails on Quarkus 3.33
 * with a {@code NoSuchFieldError}.
 */
class Refusals {
    /** Before the mappers of the extension. */
    private static final int FIRST = Priorities.AUTHENTICATION - 2;

    @ServerExceptionMapper(priority = FIRST)
    Response anonymous(UnauthorizedException anonymous) {
        return challenge("The request has none.", "Bearer");
    }

    @ServerExceptionMapper(priority = FIRST)
    Response distrusted(AuthenticationFailedException distrusted) {
        return hasExpired(distrusted)
                ? challenge(
                        "It has expired.",
                        "Bearer error=\"invalid_token\", error_description=\"The token has expired\"")
                : challenge("It is not valid.", "Bearer error=\"invalid_token\"");
    }

    @ServerExceptionMapper(priority = FIRST)
    Response forbidden(ForbiddenException forbidden) {
        return ProblemType.FORBIDDEN
                .problem()
                .withDetail("It has no role that does.")
                .build()
                .toResponse();
    }

    private static boolean hasExpired(Throwable failure) {
        for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
            if (cause instanceof InvalidJwtException token && token.hasExpired()) {
                return true;
            }
        }
        return false;
    }

    private static Response challenge(String detail, String challenge) {
        return ProblemType.UNAUTHENTICATED
                .problem()
                .withDetail(detail)
                .withHeader(HttpHeaders.WWW_AUTHENTICATE, challenge)
                .build()
                .toResponse();
    }
}
