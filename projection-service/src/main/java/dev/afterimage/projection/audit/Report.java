package dev.afterimage.projection.audit;

import io.quarkus.runtime.annotations.RegisterForReflection;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The result of an audit.
 *
 * @param verdict the overall verdict; null while the audit runs
 * @param differences the first differences of each table
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

    /** The overall verdict: the first of these that is true. */
    public enum Verdict {
        /** At least one row is different. */
        DIFFERENT,
        /** No row is different, but a side could not be read. */
        UNKNOWN,
        /** No row is different, but a follower did not catch up in time, so that some rows could not be compared. */
        LAGGING,
        /** All rows are equal on all sides. */
        EQUAL
    }

    /**
     * Whether a side was read.
     *
     * @param detail the reason why the side was not read, or the columns of the source that it lacks; otherwise null
     */
    @RegisterForReflection
    public record Reading(Side side, State state, @Nullable String detail) {

        /** Whether a side was read. */
        public enum State {
            READ,
            /** The side does not exist: its datasource is not configured, or has none of the tables. */
            ABSENT,
            UNREADABLE
        }
    }

    /**
     * The comparison of a table at the source and in a follower. Each row counts in the state in which it was last
     * read.
     *
     * @param sourceHash the sum of the rows' 64-bit hashes modulo 2^64, in hexadecimal
     * @param inFlight rows that differed at first and were equal at a later read
     * @param different rows that differ permanently
     * @param behind rows that did not reach the source's state in the follower in time
     * @param unchecked rows that differed at first and were not read again, because there were too many
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
     * A cell that differs. The values are texts in one form for all sides. A value is null for NULL, and if the side
     * does not have the row or was not read.
     *
     * @param line the index of the order line, from 0; null in other tables
     * @param column null if the whole row is missing or left over; the values are then {@code present} or null
     * @param followers the followers whose value is not the source's value
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
