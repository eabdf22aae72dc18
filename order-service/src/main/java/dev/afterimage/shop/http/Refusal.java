package dev.afterimage.shop.http;

import java.util.List;
import java.util.Map;

/** A request that the domain refuses, with what its sender may know of the reason. */
public abstract class Refusal extends RuntimeException {
    private final transient Problem problem;

    protected Refusal(Problem problem) {
        // An expected answer, not a defect: no stack trace.
        super(problem.title(), null, false, false);
        this.problem = problem;
    }

    Problem problem() {
        return problem;
    }

    /** The path names an aggregate that is not there: 404. */
    public static final class UnknownId extends Refusal {
        public UnknownId(String aggregate, Object id) {
            super(Problem.of(404, "No such " + aggregate, "There is no %s %s.".formatted(aggregate, id)));
        }
    }

    /** Fields of the request that are well-formed yet cannot be accepted: 400. */
    public static final class InvalidFields extends Refusal {
        public InvalidFields(List<Problem.FieldError> errors) {
            super(Problem.invalid(errors));
        }

        public InvalidFields(String field, String message) {
            this(List.of(new Problem.FieldError(field, message)));
        }
    }

    /** The request does not fit the state that the aggregate is in: 409. */
    public abstract static class Conflict extends Refusal {
        protected Conflict(String title, String detail, Map<String, Object> members) {
            super(new Problem(title, 409, detail, List.of(), members));
        }
    }

    /** Another aggregate already has a value that must be unique: 409. */
    public static final class Duplicate extends Refusal {
        public Duplicate(String aggregate, String field) {
            super(new Problem(
                    "Another %s has this %s".formatted(aggregate, field),
                    409,
                    null,
                    List.of(new Problem.FieldError(field, "must be unique")),
                    Map.of()));
        }
    }
}
