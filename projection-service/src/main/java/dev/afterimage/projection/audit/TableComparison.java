package dev.afterimage.projection.audit;

import dev.afterimage.projection.audit.Report.Comparison;
import dev.afterimage.projection.audit.Rows.Digest;
import dev.afterimage.projection.audit.Table.Row;
import dev.afterimage.projection.audit.Table.RowKey;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The comparison of a table at the source and in one follower: the digests of the rows that were read, and the
 * unsettled rows.
 */
final class TableComparison {

    /** Limits the memory for differing rows, for example of a follower that has just started. */
    static final int MOST_CANDIDATES = 10_000;

    /**
     * A row that differed, in the state in which it was last read. It is in the list {@code pending} or {@code
     * differing}, or in neither if it became equal.
     */
    static final class Candidate {

        final RowKey key;

        @Nullable Row source;

        @Nullable Row follower;
        /** Whether the source has changed the row since the current cut. */
        boolean late;

        Candidate(RowKey key, @Nullable Row source, @Nullable Row follower) {
            this.key = key;
            this.source = source;
            this.follower = follower;
        }

        boolean isEqual() {
            return source == null ? follower == null : follower != null && source.hash() == follower.hash();
        }

        /**
         * Whether both sides hold the same version with different data. No event can resolve this; see the package's
         * description.
         */
        boolean isDifferentAtOneVersion() {
            return source != null
                    && follower != null
                    && source.version() != null
                    && source.version().equals(follower.version())
                    && source.hash() != follower.hash();
        }
    }

    final Table table;
    final Side follower;
    final List<Candidate> differing = new ArrayList<>();
    List<Candidate> pending = new ArrayList<>();
    private Digest sourceDigest = Digest.NONE;
    private Digest followerDigest = Digest.NONE;
    private long inFlight;
    private long unchecked;

    TableComparison(Table table, Side follower) {
        this.table = table;
        this.follower = follower;
    }

    /** Adds an equal range. */
    void add(Digest both) {
        sourceDigest = sourceDigest.plus(both);
        followerDigest = followerDigest.plus(both);
    }

    /** Adds the rows of a range that differed. */
    void add(Map<RowKey, Row> sourceRows, Map<RowKey, Row> followerRows) {
        sourceDigest = sourceDigest.plus(Digest.of(sourceRows));
        followerDigest = followerDigest.plus(Digest.of(followerRows));
        Set<RowKey> keys = new LinkedHashSet<>(sourceRows.keySet());
        keys.addAll(followerRows.keySet());
        for (RowKey key : keys) {
            var candidate = new Candidate(key, sourceRows.get(key), followerRows.get(key));
            if (candidate.isEqual()) {
                continue;
            }
            if (pending.size() < MOST_CANDIDATES) {
                pending.add(candidate);
            } else {
                unchecked++;
            }
        }
    }

    /** Replaces the state of a row after it was read again. */
    void reread(Candidate candidate, @Nullable Row source, @Nullable Row follower) {
        sourceDigest = sourceDigest.minus(Digest.of(candidate.source)).plus(Digest.of(source));
        followerDigest = followerDigest.minus(Digest.of(candidate.follower)).plus(Digest.of(follower));
        candidate.late |= !isSame(candidate.source, source);
        candidate.source = source;
        candidate.follower = follower;
    }

    private static boolean isSame(@Nullable Row one, @Nullable Row other) {
        return one == null
                ? other == null
                : other != null && one.hash() == other.hash() && Objects.equals(one.version(), other.version());
    }

    void settledAsEqual() {
        inFlight++;
    }

    boolean isUnsettled() {
        return !pending.isEmpty() || unchecked > 0;
    }

    Comparison comparison() {
        return new Comparison(
                table.name(),
                follower,
                sourceDigest.rows(),
                followerDigest.rows(),
                HexFormat.of().toHexDigits(sourceDigest.hash()),
                HexFormat.of().toHexDigits(followerDigest.hash()),
                inFlight,
                differing.size(),
                pending.size(),
                unchecked);
    }
}
