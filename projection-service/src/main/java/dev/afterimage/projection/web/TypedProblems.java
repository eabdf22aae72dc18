package dev.afterimage.projection.web;

import com.fasterxml.jackson.core.JsonProcessingException;
import io.quarkiverse.resteasy.problem.HttpProblem;
import io.quarkiverse.resteasy.problem.postprocessing.ProblemContext;
import io.quarkiverse.resteasy.problem.postprocessing.ProblemPostProcessor;
import jakarta.enterprise.context.ApplicationScoped;

/** Adds the type to a refusal by Jakarta REST itself, and removes the message of the exception. */
@ApplicationScoped
class TypedProblems implements ProblemPostProcessor {

    @Override
    public HttpProblem apply(HttpProblem problem, ProblemContext context) {
        if (problem.getType() != null) {
            return problem;
        }
        for (Throwable cause = context.cause; cause != null; cause = cause.getCause()) {
            if (cause instanceof JsonProcessingException unreadable) {
                return Problems.of(unreadable);
            }
        }
        return ProblemType.of(problem.getStatusCode())
                .map(type -> {
                    var typed = type.problem().withInstance(problem.getInstance());
                    problem.getHeaders().forEach(typed::withHeader);
                    return typed.build();
                })
                .orElse(problem);
    }
}
