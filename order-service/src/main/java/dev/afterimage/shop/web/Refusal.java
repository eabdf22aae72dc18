package dev.afterimage.shop.web;

import java.util.List;
import java.util.Map;

/** A request that the domain refuses. The problem contains only the reasons that the client may see. */
public abstract class Refusal extends RuntimeException {
    private final transient Problem problem;

    protected Refusal(Problem problem) {
        // no stack trace: a refusal is an expected answer, not a defect
        super(problem.title(), null, false, false);
        this.problem = problem;
    }

    Problem problem() {
        return problem;
    }

    /** The path names an aggregate that does not exist: 404. */
    public static final class UnknownId extends Refusal {
        public UnknownId(String aggregate, Object id) {
            super(Problem.of(ProblemType.UNKNOWN_ID, "There is no %s %s.".formatted(aggregate, id)));
        }
    }

    /** Fields of the request are well-formed but not acceptable: 400. */
    public static final class InvalidFields extends Refusal {
        public InvalidFields(List<Problem.FieldError> errors) {
            super(Problem.invalid(errors));
        }

        public InvalidFields(String field, String message) {
            this(List.of(new Problem.FieldError(field, message)));
        }
    }

    /** The request conflicts with the current state: 409. */
    public static class Conflict extends Refusal {
        public Conflict(ProblemType type, String detail, Map<String, Object> members) {
            super(Problem.of(type, detail, members));
        }
    }

    /** Another aggregate already has a value that must be unique: 409. */
    public static final class Duplicate extends Refusal {
        public Duplicate(String aggregate, String field) {
            super(Problem.of(
                    ProblemType.DUPLICATE,
                    "Another %s has this %s.".formatted(aggregate, field),
                    List.of(new Problem.FieldError(field, "must be unique"))));
        }
    }

    /** The aggregate does not have the version that the client requires: 412. */
    static final class VersionMoved extends Refusal {
        VersionMoved(String aggregate, long version) {
            super(Problem.of(
                    ProblemType.VERSION_MOVED,
                    "The %s is at version %d: read it again, then decide.".formatted(aggregate, version),
                    Map.of("version", version)));
        }
    }

    /** The request requires a version, but the address has none: 412. */
    static final class NoVersion extends Refusal {
        NoVersion() {
            super(Problem.of(ProblemType.VERSION_MOVED, "This address has no entity tag."));
        }
    }

    /** The key was used before with another request: 422. */
    public static final class KeyReused extends Refusal {
        public KeyReused() {
            super(Problem.of(ProblemType.KEY_REUSED, "Send the same request as the first time, or take a new key."));
        }
    }
}
