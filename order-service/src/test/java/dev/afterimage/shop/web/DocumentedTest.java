package dev.afterimage.shop.web;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.DynamicTest.dynamicTest;

import io.quarkus.test.junit.QuarkusTest;
import io.restassured.response.Response;
import java.util.Objects;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/** The OpenAPI document is complete and correct: the service gives each documented answer, and no undocumented one. */
@QuarkusTest
class DocumentedTest {

    /**
     * Answers that {@link GuardedTest} provokes, which runs with security, and {@link OutageTest}, which stops the
     * database.
     */
    private static final Set<String> ELSEWHERE = Set.of("unauthenticated", "forbidden", "database-away");

    @TestFactory
    Stream<DynamicTest> answersAsDocumented() {
        var documented = new Documented();
        return documented.answers().stream()
                .filter(answer -> !ELSEWHERE.contains(answer.cause()))
                .map(answer -> dynamicTest(answer.toString(), () -> documented.check(answer, provoke(answer))));
    }

    private static Response provoke(Documented.Answer answer) throws Exception {
        var special = Calls.SPECIAL.get(answer.operationId() + " " + answer.cause());
        if (special != null) {
            return special.call();
        }
        var good = Objects.requireNonNull(Calls.GOOD.get(answer.operationId()), "a good call of " + answer);
        if (answer.status() < 300) {
            return good.get().send();
        }
        return Objects.requireNonNull(Calls.SPOILED.get(answer.cause()), "a way to provoke " + answer)
                .spoil(good);
    }

    @Test
    void documentsEveryAnswerThatCallsProvoke() {
        var answers = new Documented().answers();

        assertThat(answers).extracting(Documented.Answer::operationId).containsAll(Calls.GOOD.keySet());
        assertThat(answers).extracting(Documented.Answer::cause).containsAll(Calls.SPOILED.keySet());
        assertThat(answers)
                .extracting(answer -> answer.operationId() + " " + answer.cause())
                .containsAll(Calls.SPECIAL.keySet());
    }

    @Test
    void documentsEveryProblemThatBelongsToAnOperation() {
        var documented = new Documented()
                .answers().stream().map(Documented.Answer::cause).collect(Collectors.toSet());

        assertThat(Stream.of(ProblemType.values()).map(ProblemType::label).filter(type -> !documented.contains(type)))
                .containsExactlyInAnyOrder(
                        "unknown-address", "method-not-allowed", "target-too-long", "headers-too-large", "failed");
    }

    @Test
    void passesTheLinter() {
        new Documented().lint();
    }

    @Test
    void allowsTheGoodCallsAndItsOwnExamples() {
        var documented = new Documented();

        Calls.GOOD.forEach((operation, good) -> {
            var body = good.get().body();
            if (body != null) {
                documented.checkBody(operation, body);
            }
        });
        assertThat(documented.checkExamples()).isGreaterThan(20);
    }
}
