package dev.afterimage.projection.audit;

import io.quarkus.runtime.annotations.RegisterForReflection;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What an audit found.
 *
 * @param verdict of all together; null while it runs
 * @param differences the first of each table
 */
@RegisterForReflection
public record Report(
        @Nullable Verdict verdict, List<Reading> sides, List<Comparison> comparisons, List<DifferentCell> differences) {

    static final Report NOTHING = new Report(null, List.of(), List.of(), List.of());

    public Report {
        sides = List.copyOf(sides);
        comparisons = List.copyOf(comparisons);
        differences = List.copyOf(differences);
    }

    /** What follows from all comparisons; the first that is true. */
    public enum Verdict {
        /** At least one row is different. */
        DIFFERENT,
        /** No row is, but a side could not be read. */
        UNKNOWN,
        /** No row is, but a follower did not catch up in time, so that some could not be compared. */
        LAGGING,
        /** Each row is equal wherever it should be. */
        EQUAL
    }

    /**
     * Whether a side was read.
     *
     * @param detail why not, or which columns of the source it does not have; null where there is nothing to say
     */
    @RegisterForReflection
    public record Reading(Side side, State state, @Nullable String detail) {

        /** Whether a side was read. */
        public enum State {
            READ,
            /** There is no such side here: its datasource is not configured, or has none of the tables. */
            ABSENT,
            UNREADABLE
        }
    }

    /**
     * A table at the source and in a follower. Each row counts as it was last read.
     *
     * @param sourceHash the sum of the rows' 64-bit hashes modulo 2^64, in hexadecimal
     * @param inFlight rows that differed at first and were equal on a later look
     * @param different rows that differ for good
     * @param behind rows that the follower did not show in time as the source has them
     * @param unchecked rows that differed at first and were too many to be looked at again
     */
    @RegisterForReflection
    public record Comparison(
            String table,
            Side follower,
            long sourceRows,
            long followerRows,
            String sourceHash,
            String followerHash,
            long inFlight,
            long different,
            long behind,
            long unchecked) {}

    /**
     * A cell that differs. The values are texts in a form that is the same on all sides, null for NULL, and where the side has
     * no such row or was not read.
     *
     * @param line the place of an order's line, from 0; null in other tables
     * @param column null where the row itself is missing or left over; the values are then {@code present} or null
     * @param followers where the value is not the source's
     */
    @RegisterForReflection
    public record DifferentCell(
            String table,
            String id,
            @Nullable Integer line,
            @Nullable String column,
            List<Side> followers,
            @Nullable String source,
            @Nullable String readModel,
            @Nullable String replica) {}
}
