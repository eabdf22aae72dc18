package dev.afterimage.shop.web;

import static dev.afterimage.testing.TokenIssuer.claims;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assertions.assertAll;

import dev.afterimage.shop.web.Calls.Call;
import dev.afterimage.testing.TokenIssuer;
import io.quarkus.test.common.WithTestResource;
import io.quarkus.test.junit.QuarkusTest;
import java.security.KeyPair;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;

/** The documented answers to callers without a token, or with a token that does not allow the operation. */
@QuarkusTest
@WithTestResource(TokenIssuer.class)
class GuardedTest {

    /** Injected by {@link TokenIssuer}. */
    @SuppressWarnings("NullAway.Init")
    KeyPair issuer;

    @Test
    void refusesTheAnonymousAsDocumented() {
        assertAnswers("unauthenticated", call -> call);
    }

    @Test
    void refusesATokenWithoutRolesAsDocumented() {
        var token = claims("somebody", "orders:all").sign(issuer.getPrivate());
        assertAnswers("forbidden", call -> call.with("Authorization", "Bearer " + token));
    }

    private static void assertAnswers(String problem, UnaryOperator<Call> caller) {
        var documented = new Documented();
        var answers = documented.answers().stream()
                .filter(answer -> answer.cause().equals(problem))
                .toList();

        assertThat(answers).extracting(Documented.Answer::operationId).hasSameElementsAs(Calls.GOOD.keySet());
        assertAll(answers.stream()
                .map(answer -> () -> documented.check(
                        answer,
                        caller.apply(documented.call(answer.operationId())).send())));
    }
}
