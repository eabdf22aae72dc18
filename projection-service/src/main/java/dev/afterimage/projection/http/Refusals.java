package dev.afterimage.projection.http;

import io.quarkiverse.resteasy.problem.HttpProblem;
import io.quarkiverse.resteasy.problem.postprocessing.ProblemContext;
import io.quarkiverse.resteasy.problem.postprocessing.ProblemPostProcessor;
import io.quarkus.security.AuthenticationFailedException;
import io.quarkus.security.ForbiddenException;
import io.quarkus.security.UnauthorizedException;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.ws.rs.core.HttpHeaders;
import org.jose4j.jwt.consumer.InvalidJwtException;

/** What a caller without the right token is told: whether it was good once, never what is wrong with it. */
@ApplicationScoped
class Refusals implements ProblemPostProcessor {

    @Override
    public HttpProblem apply(HttpProblem problem, ProblemContext context) {
        return switch (context.cause) {
            case UnauthorizedException _ -> challenge("The request has none.", "Bearer");
            case AuthenticationFailedException e
            when hasExpired(e) ->
                challenge(
                        "It has expired.",
                        "Bearer error=\"invalid_token\", error_description=\"The token has expired\"");
            case AuthenticationFailedException _ -> challenge("It is not valid.", "Bearer error=\"invalid_token\"");
            case ForbiddenException _ ->
                ProblemType.FORBIDDEN
                        .problem()
                        .withDetail("It has no role that does.")
                        .build();
            default -> problem;
        };
    }

    private static boolean hasExpired(Throwable failure) {
        for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
            if (cause instanceof InvalidJwtException token && token.hasExpired()) {
                return true;
            }
        }
        return false;
    }

    private static HttpProblem challenge(String detail, String challenge) {
        return ProblemType.UNAUTHENTICATED
                .problem()
                .withDetail(detail)
                .withHeader(HttpHeaders.WWW_AUTHENTICATE, challenge)
                .build();
    }
}
